"""The tickets of a case in other help desks as its page tells them: number, state there, and whether something waits. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from msgspec import Struct

from services.connect.standing import Standing
from services.desk.story_parts import Telling, one_line

_ANSWERED = "status_"


class TicketRow(Struct, frozen=True, kw_only=True):
    """A ticket: what it is called, the address of its page if there is one, its state there, and a line below."""

    name: str
    to: str | None
    state: str
    below: str
    tone: Literal["", "warn", "bad"]
    hover: str


def ticket_rows(standings: Sequence[Standing], tell: Telling) -> list[TicketRow]:
    """A row each."""
    return [_row(each, tell) for each in standings]


def _row(ticket: Standing, tell: Telling) -> TicketRow:
    t = tell.t
    name = (
        f"{one_line(ticket.help_desk)} {one_line(ticket.number)}"
        if ticket.number
        else one_line(ticket.help_desk)
    )
    state = (
        t("ticket.none") if ticket.number is None else t("ticket.closed" if ticket.closed else "ticket.open")
    )
    at = ticket.told_at
    told = None if at is None else t("ticket.told", at=tell.join(tell.date(at), tell.clock(at)))
    why, below, tone = _why(ticket.why, tell), told or "", _tone(ticket)
    if ticket.state == "gone":
        state, below = t("ticket.gone"), t("ticket.gone_below")
    elif ticket.state == "failed":
        below = t("ticket.failed", why=why)
    elif ticket.state == "waiting" and ticket.next_at is not None:
        below = t("ticket.failing", why=why, at=tell.clock(ticket.next_at))
    elif ticket.state == "waiting":
        below = t("ticket.waiting")
    return TicketRow(
        name=name,
        to=ticket.url,
        state=state,
        below=below,
        tone=tone,
        hover="" if at is None else tell.hover(at),
    )


def _tone(ticket: Standing) -> Literal["", "warn", "bad"]:
    if ticket.state == "waiting":
        return "" if ticket.why is None else "warn"
    return "" if ticket.state == "told" else "bad"


def _why(reason: str | None, tell: Telling) -> str:
    """What a try failed for, as `services.connect.calls` names it, in words."""
    reason = reason or ""
    if reason.startswith(_ANSWERED):
        return tell.t("ticket_why.status", status=reason.removeprefix(_ANSWERED))
    key = f"ticket_why.{reason}"
    return tell.t(key if key in tell.t else "ticket_why.away")
