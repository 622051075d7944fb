"""A top-up traced by its number through its states: the last that is known, and what is stuck since when. Pure."""

from __future__ import annotations

from msgspec import Struct

from services.desk.kind_reading import Around
from services.desk.story_parts import Telling, one_line


class State(Struct, frozen=True):
    """One state of the money: reached, stuck there, or still to come."""

    css: str
    icon: str
    words: str
    below: str
    at: str
    hover: str = ""


class Trace(Struct, frozen=True, kw_only=True):
    """The states in order, where the money is in one sentence, and whether it waits for something."""

    number: str
    states: list[State]
    state: str
    stuck_s: float | None


def trace_of(around: Around, tell: Telling, now: float) -> Trace:
    """The trace of the case's top-up. What the bank did is known from what support wrote down, or the owner says."""
    t, row = tell.t, around.subject
    if row is None:
        return Trace(number="", states=[], state=t("top_up.no_event"), stuck_s=None)
    asked = next((each for each in around.traced if each.outcome == "requested"), row)
    done = next((each for each in around.traced if each.outcome == "completed"), None)
    failed = next((each for each in around.traced if each.outcome == "failed"), None)
    money = tell.money(row.amount, row.currency)
    states = [_reached(t("top_up.asked"), money, asked.at, tell)]
    if row.channel is not None:
        below = tell.join(one_line(row.channel), around.work.value("channel_reference"))
        states.append(_reached(t("top_up.accepted"), below, asked.at, tell))
    stuck_s = None if done is not None or failed is not None else max(0.0, now - asked.at)
    debited = _debited(around)
    if failed is not None:
        said = t("top_up.failed")
        states.append(State("stuck", "warn", said, one_line(failed.reason or ""), _time(failed.at, tell)))
        return Trace(number=_number(around), states=states, state=said, stuck_s=None)
    if debited == "no" and done is None:
        said = t("top_up.not_debited")
        states.append(State("stuck", "warn", said, t("top_up.not_debited_sub"), tell.span(stuck_s or 0.0)))
        return Trace(number=_number(around), states=states, state=said, stuck_s=stuck_s)
    if done is not None or debited == "yes":
        states.append(State("", "done", t("top_up.debited"), _bank_words(around, tell), "—"))
    if done is not None:
        states.append(_reached(t("top_up.confirmed"), "", done.at, tell))
        states.append(_reached(t("top_up.credited"), money, done.at, tell))
        said = t("top_up.arrived_at", at=_time(done.at, tell))
        return Trace(number=_number(around), states=states, state=said, stuck_s=None)
    stuck = "top_up.unconfirmed" if debited == "yes" else "top_up.undebited"
    ticket = around.work.value("channel_ticket")
    below = t("top_up.channel_asked", ticket=ticket) if ticket else t("top_up.channel_not_asked")
    said = t(stuck, span=tell.span(stuck_s or 0.0))
    states.append(State("stuck", "warn", said, below, ""))
    states.append(State("todo", "dot", t("top_up.credited"), t("top_up.credited_sub"), "—"))
    return Trace(number=_number(around), states=states, state=said, stuck_s=stuck_s)


def _number(around: Around) -> str:
    row = around.subject
    return "" if row is None else one_line(row.reference or row.event_id)


def _debited(around: Around) -> str:
    written = around.work.value("debited")
    if written:
        return written
    return "" if around.told is None else around.told.answers.get("charged", "")


def _bank_words(around: Around, tell: Telling) -> str:
    told = around.told
    ref = "" if told is None else told.answers.get("bank_reference", "")
    written = around.work.fields.get("debited")
    said = tell.who(written.set_by) if written is not None else tell.t("top_up.owner_says")
    return tell.join(said, ref)


def _reached(words: str, below: str, at: float, tell: Telling) -> State:
    return State("", "done", words, below, _time(at, tell), tell.hover(at))


def _time(at: float, tell: Telling) -> str:
    return f"{tell.date(at)} {tell.clock(at, seconds=True)}"
