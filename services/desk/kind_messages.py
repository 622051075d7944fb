"""Messages of a kind, filled in from the case in its owner's language. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct

from services.cases.case_deadlines import Deadline
from services.cases.kind_files import kinds
from services.cases.references import case_number
from services.desk.advice_answers import PICKED
from services.desk.failure_view import failure_view
from services.desk.kind_reading import Around
from services.desk.story_parts import Telling, one_line
from services.desk.top_up_trace import trace_of


class Ready(Struct, frozen=True, kw_only=True):
    """A message as the owner will read it, in their language; `said` is what support calls it."""

    name: str
    said: str
    locale: str
    text: str


def messages_of(
    around: Around,
    tell: Telling,
    owner: Telling,
    deadlines: Sequence[Deadline],
    regulator: str,
    now: float,
    picked: str = "",
) -> list[Ready]:
    """The messages of the case's kind; `owner` tells in the owner's language and on their clock.

    `picked` is the answer of the help that was chosen, in plain text.
    """
    kind = kinds()[around.file.case.kind]
    gaps = {**_gaps(around, owner, deadlines, regulator, now), "picked": picked}
    return [
        Ready(
            name=macro.name,
            said=macro.said.in_(tell.locale),
            locale=owner.locale,
            text=macro.text.in_(owner.locale).format_map(gaps),
        )
        for macro in kind.macros
        if picked or macro.name != PICKED
    ]


def ready_of(
    around: Around, tell: Telling, owner: Telling, deadlines: Sequence[Deadline], regulator: str, now: float
) -> Ready | None:
    """The message that usually comes next; None where the kind names none, once the owner was answered,
    and where the help has nothing that it would name."""
    names = {macro.name for macro in kinds()[around.file.case.kind].macros if macro.ready}
    if any(entry.kind == "message" for entry in around.file.entries):
        return None
    found = messages_of(around, tell, owner, deadlines, regulator, now)
    empty = owner.t("message.gap_answer")
    return next((each for each in found if each.name in names and empty not in each.text), None)


def _gaps(
    around: Around, tell: Telling, deadlines: Sequence[Deadline], regulator: str, now: float
) -> dict[str, str]:
    case, row, t = around.file.case, around.subject, tell.t
    due_at = case.due_at or (deadlines[0].due_at if deadlines else now)
    failure = failure_view(around, tell) if case.kind == "payment_failed" else None
    answer = around.answers[0].text.title if around.answers else around.work.value("answer_used")
    payee = None if row is None else row.payee_id
    offered = around.work.value("offer") or t("message.gap_offer")
    amount = around.work.value("offer_amount")
    if amount and row is not None:
        offered = tell.join(offered, tell.money(amount, row.currency))
    state = trace_of(around, tell, now).state if case.kind == "top_up_missing" else ""
    stop = "。" if tell.locale == "zh-CN" else "."
    return {
        "number": case_number(case.case_id),
        "amount": t("story.some_money") if row is None else tell.money(row.amount, row.currency),
        "payee": one_line(payee) if payee else t("message.gap_payee"),
        "at": _moment(case.opened_at if row is None else row.at, tell),
        "due": _moment(due_at, tell),
        "reference": case_number(case.case_id) if row is None else one_line(row.reference or row.event_id),
        "channel": t("message.gap_channel") if row is None or row.channel is None else one_line(row.channel),
        "cause": "" if failure is None else failure.cause,
        "remedy": "" if failure is None else failure.remedy,
        "state": f"{state.rstrip(stop)}{stop}" if state else "",
        "offer": offered,
        "answer": answer or t("message.gap_answer"),
        "regulator": regulator,
    }


def _moment(at: float, tell: Telling) -> str:
    return f"{tell.date(at)} {tell.clock(at)}"
