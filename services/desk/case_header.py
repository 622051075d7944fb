"""The head of a case's page: a sentence that a colleague could act on, its clock, and what holds, confirmed or not. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from msgspec import Struct

from contracts.decisions import Decision
from services.cases.held_payments import HeldPayment
from services.cases.references import case_number
from services.cases.states import SEVERITIES
from services.desk.case_file import Asked, CaseFile
from services.desk.story_parts import Telling, one_line

Tone = Literal["", "ok", "bad"]
#: Of a clock, so much used makes it amber.
_WARNS_AT = 0.75


class Chip(Struct, frozen=True, kw_only=True):
    """A chip under the title: `strong` is what counts; `asks` is the wallet's action that can be asked for again."""

    icon: str
    tone: Tone
    before: str
    strong: str
    after: str = ""
    hover: str = ""
    asks: str | None = None


class Clock(Struct, frozen=True, kw_only=True):
    """What is left until `due`, in seconds (less than 0: over), and what for; `tone` warns from three quarters on."""

    left_s: int
    shown: str
    due: str
    tone: Literal["", "warn", "bad"]


class Header(Struct, frozen=True, kw_only=True):
    """The head of the page; `rank` is the severity as a number from 1 to 4."""

    case_id: str
    number: str
    rank: int
    severity: str
    kind: str
    title: str
    held_by: str
    state: str
    clock: Clock | None
    chips: Sequence[Chip]
    version: int


def header(file: CaseFile, now: float, tell: Telling) -> Header:
    """The head of the case's page."""
    case, t = file.case, tell.t
    kind = f"kind.{case.kind}"
    held_by = t("head.nobody")
    if case.assignee is not None:
        own = tell.actor.partition(":")[2]
        mine = case.assignee in (tell.actor, own) and tell.actor
        held_by = t("head.you") if mine else t("head.holder", who=tell.who(case.assignee))
    ended = t(f"verdict.{case.verdict}") if case.verdict and f"verdict.{case.verdict}" in t else case.verdict
    return Header(
        case_id=case.case_id,
        number=case_number(case.case_id),
        rank=SEVERITIES.index(case.severity) + 1,
        severity=t(f"severity.{case.severity}").capitalize(),
        kind=t(kind) if kind in t else case.kind,
        title=title(file, tell),
        held_by=held_by,
        state=t("head.resolved", verdict=ended) if case.state == "resolved" else "",
        clock=_clock(file, now, tell),
        chips=[*_answers(file, tell), *_payments(file, tell), *_stops(file, now, tell)],
        version=case.version,
    )


def title(file: CaseFile, tell: Telling) -> str:
    """What happened, and how it stands."""
    decision = file.decided
    said = tell.t("head.nothing") if decision is None else _event(decision, tell)
    if _not_me(file) is not None:
        return tell.t("head.not_me", what=said)
    return said[:1].upper() + said[1:]


def _not_me(file: CaseFile) -> str | None:
    own = file.event_ids
    return next(
        (
            word.event_id
            for word in file.words
            if word.verdict == "not_me"
            and word.undone_at is None
            and (word.event_id in own or word.about_event_id in own)
        ),
        None,
    )


def _event(decision: Decision, tell: Telling) -> str:
    t, shown = tell.t, decision.shown
    action = f"did.{decision.action}"
    did = t(action) if action in t else decision.action
    if shown is None:
        event = tell.reader.words.find("event", decision.type) or tell.reader.words.say("event.other")
        return t("head.event", what=event, did=did)
    place = tell.city(shown.city, shown.country) or tell.network(shown.network_kind)
    device = tell.device(shown.device)
    if decision.type == "transaction":
        amount = tell.money(shown.amount, shown.currency)
        if shown.payee_id is None:
            return t("head.money", money=amount, did=did, where=_from(place, tell))
        new = shown.usual is not None and shown.usual.payee_known is False
        payee = one_line(shown.payee_id)
        key = "head.money_new" if new else "head.money_to"
        return t(key, money=amount, payee=payee, did=did, where=_from(place, tell))
    if decision.type == "login":
        return t("head.login", device=device or t("head.some_device"), did=did, where=_from(place, tell))
    change = tell.reader.words.find("change", shown.kind or "") or t("story.change")
    return t("head.change", what=change, did=did, where=_from(place, tell))


def _from(place: str | None, tell: Telling) -> str:
    return tell.t("head.from", place=place) if place else ""


def _clock(file: CaseFile, now: float, tell: Telling) -> Clock | None:
    """Until the first answer; once that was given, until the end."""
    case = file.case
    if case.state == "resolved":
        return None
    first = case.first_answered_at is None and case.first_response_due_at is not None
    due_at = case.first_response_due_at if first else case.due_at
    if due_at is None:
        return None
    left = due_at - now
    whole = max(1.0, due_at - (case.appealed_at or case.opened_at))
    tone: Literal["", "warn", "bad"] = "bad" if left < 0 else "warn" if 1 - left / whole >= _WARNS_AT else ""
    key = "head.first_due" if first else "head.end_due"
    same_day = tell.day(due_at) == tell.day(now)
    due = tell.clock(due_at) if same_day else f"{tell.day(due_at)} {tell.clock(due_at)}"
    sign = "−" if left < 0 else ""
    return Clock(
        left_s=round(left),
        shown=f"{sign}{tell.span(max(abs(left), 10.0))}",
        due=tell.t(key, due=due),
        tone=tone,
    )


def _answers(file: CaseFile, tell: Telling) -> list[Chip]:
    """What the owner said last about the case's events."""
    own = file.event_ids
    words = [word for word in file.words if word.event_id in own or word.about_event_id in own]
    last = max(words, key=lambda word: word.told_at, default=None)
    if last is None:
        return []
    key = "chip.taken_back" if last.undone_at is not None else f"chip.{last.verdict}"
    return [
        Chip(
            icon="answer",
            tone="",
            before=tell.t("chip.owner"),
            strong=tell.t(key),
            after=tell.clock(last.told_at, seconds=True),
            hover=tell.hover(last.told_at),
        )
    ]


def _payments(file: CaseFile, tell: Telling) -> list[Chip]:
    own = file.event_ids
    return [_payment(each, tell) for each in file.payments if each.event_id in own and each.joins is None]


def _payment(payment: HeldPayment, tell: Telling) -> Chip:
    t = tell.t
    if payment.state == "held":
        same_day = tell.day(payment.due_at) == tell.day(payment.placed_at)
        until = tell.clock(payment.due_at)
        if not same_day:
            until = f"{tell.day(payment.due_at)} {until}"
        after, at = t("chip.until", until=until), payment.placed_at
    else:
        at = payment.settled_at or payment.placed_at
        after = tell.join(tell.clock(at, seconds=True), tell.who(payment.settled_by))
    strong = t(f"chip.{payment.state}")
    return Chip(
        icon="done", tone="ok", before=t("chip.payment"), strong=strong, after=after, hover=tell.hover(at)
    )


def _stops(file: CaseFile, now: float, tell: Telling) -> list[Chip]:
    """What the wallet was asked to stop because of this case; of what was asked several times the last alone."""
    own = file.event_ids
    began = min((row.at for row in file.rows if row.event_id in own), default=file.case.opened_at)
    standing = [hold for hold in file.holds if hold.released_at is None]
    stands = {hold.hold_id for hold in standing}
    last: dict[str, Asked] = {}
    for each in file.asked:
        if each.asked_at >= began or each.action_id in stands:
            last.setdefault(_about(each), each)
    chips = [_stop(each, now, tell) for each in last.values() if each.kind != "release_payment"]
    return sorted(chips, key=lambda chip: chip.tone == "bad")


def _about(asked: Asked) -> str:
    """Freezing and unfreezing are one matter: the last word counts."""
    if asked.kind in ("freeze", "unfreeze"):
        return "freeze"
    return asked.kind if asked.kind == "revoke_sessions" else f"{asked.kind}:{asked.event_id}"


def _stop(asked: Asked, now: float, tell: Telling) -> Chip:
    t = tell.t
    if asked.confirmed:
        took = t("chip.confirmed", took=tell.span(asked.took_s or 0.0))
        return Chip(
            icon="done",
            tone="ok",
            before=t(f"chip.{asked.kind}"),
            strong=t(f"chip.{asked.kind}_done"),
            after=f"{tell.clock(asked.asked_at, seconds=True)} · {took}",
            hover=tell.hover(asked.asked_at),
        )
    key = "chip.failed" if asked.result == "failed" else "chip.silent"
    return Chip(
        icon="warn",
        tone="bad",
        before=t(f"wallet.{asked.kind}_asked") + t("chip.colon"),
        strong=t(key, span=tell.span(max(0.0, now - asked.asked_at))),
        hover=tell.hover(asked.asked_at),
        asks=asked.action_id if asked.told else None,
    )
