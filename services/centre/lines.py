"""What happened, one line each, in the words of its reader: from rows of activity, and from the messages that were sent. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from msgspec import Struct

from notifier import spelled
from notifier.facts import Reader
from services.activity.rows import Row
from services.cases.owners import Telling
from services.cases.references import reference
from services.portal.figures import visible
from services.portal.message_states import fared
from services.portal.wording import Wording

#: How a payment that was stopped stands, or that another event was refused.
Fate = Literal["held", "released", "cancelled", "expired", "denied"]
#: Where a name stands in a sentence, while it is cut there.
_HERE = "\0"
_STOPPED = frozenset({"cancelled", "expired", "denied"})
_ARRIVES = frozenset({"top_up", "refund"})
_FATE_TONES: dict[Fate, str] = {
    "held": "wait",
    "released": "good",
    "cancelled": "stop",
    "expired": "stop",
    "denied": "stop",
}
_SIGNS = {
    "login": "login",
    "account_change": "edit",
    "owner_act": "lock",
    "user_report": "quote",
    "settlement": "send",
    "challenge_outcome": "key",
}


class Line(Struct, frozen=True, kw_only=True):
    """One line. `before` and `after` stand around `name`, which somebody chose; `gone`: the amount did not move.

    `event_id` is what "something wrong?" is about; None for a message. `asks` is the event that waits for the owner's answer.
    """

    at: float
    sign: str
    before: str
    sub: str
    name: str = ""
    after: str = ""
    event_id: str | None = None
    tone: str = ""
    amount: str | None = None
    gone: bool = False
    chip: str | None = None
    chip_tone: str = ""
    asks: str | None = None

    @property
    def title(self) -> str:
        """The title as one text."""
        return f"{self.before}{self.name}{self.after}"


class Message(Struct, frozen=True, kw_only=True):
    """A letter to the owner: its notice, template and time."""

    notice_id: str
    event_id: str
    template: str
    at: float


def line_of(row: Row, fate: Fate | None, t: Wording, reader: Reader) -> Line:
    """The line of a row of activity; `fate` is how it was stopped, if it was."""
    if row.type == "transaction":
        return _of_money(row, fate, t, reader)
    chip, tone = None, ""
    sign = _SIGNS[row.type]
    if row.type == "login" and row.outcome == "failure":
        sign, tone, chip = "x", "wait", t("event.login_failed")
    if fate is not None and fate != "released":
        tone, chip = _FATE_TONES[fate], t(f"fate.{fate}")
    return Line(
        at=row.at,
        event_id=row.event_id,
        sign=sign,
        before=_title(row, t, reader),
        sub=_sub(row, reader),
        tone=tone,
        chip=chip,
        chip_tone="stop" if tone == "stop" else "wait" if chip else "",
    )


def line_of_message(message: Message, told: Telling | None, t: Wording, reader: Reader) -> Line:
    """The line of a message to the owner; `told` is what became of it."""
    said = reader.words.letter(message.template, None)
    what = None if said is None else said.get("chip")
    at = spelled.clock(message.at, reader.time_zone)
    how = None if told is None else fared(told, t)
    reached = how is None or how.tone == "good"
    return Line(
        at=message.at,
        sign="mail",
        tone="calm" if reached else "",
        before=t("event.message", what=what) if what else t("event.message_any"),
        sub=reader.words.frame["comma"].join(
            (at, reference(message.notice_id) if told is None else told.reference)
        ),
        chip=None if how is None else how.text,
        chip_tone="" if how is None or reached else how.tone,
    )


def _of_money(row: Row, fate: Fate | None, t: Wording, reader: Reader) -> Line:
    kind = row.kind or "payment"
    arrives = kind in _ARRIVES
    title = t(f"moved_to.{kind}", payee=_HERE) if row.payee_id else t(f"moved.{kind}")
    before, _, after = title.partition(_HERE)
    chip, tone = None, "good" if arrives else ""
    if fate is not None:
        chip, tone = t(f"fate.{fate}"), _FATE_TONES[fate]
    elif row.outcome == "failed":
        chip, tone = t("event.failed"), "wait"
    amount = None
    if row.amount is not None and row.currency is not None:
        figure = spelled.money(row.amount, row.currency, reader.words.locale)
        amount = f"+{figure}" if arrives and fate is None and row.outcome != "failed" else figure
    return Line(
        at=row.at,
        event_id=row.event_id,
        sign="in" if arrives else "out",
        before=before,
        name=visible(row.payee_id) if row.payee_id else "",
        after=after,
        sub=_sub(row, reader, with_device=True),
        tone=tone,
        amount=amount,
        gone=fate in _STOPPED or row.outcome == "failed",
        chip=chip,
        chip_tone=tone if chip else "",
    )


def _title(row: Row, t: Wording, reader: Reader) -> str:
    if row.type == "login":
        device = None if not row.device else spelled.device(row.device, reader.words)
        if row.outcome == "failure":
            return t("event.login_try_on", device=device) if device else t("event.login_try")
        return t("event.login_on", device=device) if device else t("event.login")
    if row.type == "account_change":
        said = reader.words.find("change", row.kind or "") or t("event.change")
        return said[0].upper() + said[1:]
    key = {
        "owner_act": f"owner_did.{row.kind}",
        "user_report": f"owner_told.{row.kind}",
        "settlement": f"settled.{row.kind}_{row.outcome}",
        "challenge_outcome": f"code_came.{row.outcome}",
    }.get(row.type, "")
    return t(key) if key in t else t("event.other")


def _sub(row: Row, reader: Reader, with_device: bool = False) -> str:
    """Time, device where the title does not say it, and place."""
    words = reader.words
    parts = [spelled.clock(row.at, reader.time_zone)]
    if row.device and (with_device or row.type != "login"):
        parts.append(spelled.device(row.device, words))
    if (where := spelled.place(row.city, row.country, row.network_kind, words)) is not None:
        parts.append(where[0].lower() + where[1:] if where.startswith("Near ") else where)
    elif row.network_kind and (hidden := words.find("note", row.network_kind)):
        parts.append(hidden)
    return words.frame["comma"].join(parts)


def fates_of(held: Mapping[str, str], decided: Mapping[str, str]) -> dict[str, Fate]:
    """How each event stands, from the states of held payments and the actions of recorded decisions, by event id."""
    found: dict[str, Fate] = {}
    for event_id, action in decided.items():
        if action == "deny":
            found[event_id] = "denied"
        elif action == "hold":
            found[event_id] = "held"
    for event_id, state in held.items():
        for fate in _FATE_TONES:
            if fate == state:
                found[event_id] = fate
    return found
