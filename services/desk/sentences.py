"""What happened, in one sentence that a colleague can act on: of each line of the queue, and wherever else a case is named."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from contracts.shown import Shown
from notifier import spelled
from services.cases.kind_files import kinds
from services.cases.row_facts import About, Facts
from services.cases.states import Case
from services.portal.wording import Wording
from services.scoring.explain import Reasons, headline, sentence

#: What a stranger chose is cut to so much.
_MOST_NAME = 28
_STOPS = {"revoke_sessions": "not_ended", "freeze": "not_frozen"}
_OWN = {"login": "_login", "account_change": "_change"}


def said(case: Case, facts: Facts, t: Wording, reasons: Reasons) -> str:
    """The sentence of a case: what it is about first, then what is stopped, then what is still to come."""
    parts = [_begins(case, facts, t, reasons), *_stopped(facts, t), *_stands(case, t)]
    return t("queue_said.and").join(part for part in parts if part)


def _begins(case: Case, facts: Facts, t: Wording, reasons: Reasons) -> str:
    if case.kind != "risk":
        begins = _about(case.kind, facts.about, t)
        failure = None if facts.about is None or facts.about.shown is None else facts.about.shown.failure
        if case.kind == "payment_failed" and failure:
            return begins + t("queue_said.and") + t("queue_said.failed_with", failure=_name(failure))
        return begins
    if facts.denied:
        return _about("denied", facts.about, t)
    decision = facts.decision
    if decision is None:
        return t("queue_said.case")
    acting = next((each for each in decision.findings if each.mode == "on"), None)
    if acting is None:
        return headline(decision, t.locale)
    return sentence(acting, t.locale, reasons).rstrip(".。")


def _about(what: str, about: About | None, t: Wording) -> str:
    """The words of `what` with as much of the event as is known and these words can say."""
    shown = None if about is None else about.shown
    if (
        about is not None
        and (own := f"queue_said.{what}{_OWN.get(about.type, '')}") in t
        and about.type in _OWN
    ):
        return t(own)
    if shown is not None and shown.amount is not None and shown.currency is not None:
        return _of_money(what, shown, spelled.money(shown.amount, shown.currency, t.locale), t)
    key = f"queue_said.{what}"
    return t(key) if key in t else what


def _of_money(what: str, shown: Shown, amount: str, t: Wording) -> str:
    if shown.payee_id is not None and (key := f"queue_said.{what}_payee") in t:
        return t(key, amount=amount, payee=_name(shown.payee_id))
    key = f"queue_said.{what}_money"
    return t(key, amount=amount) if key in t else t(f"queue_said.{what}")


def _stopped(facts: Facts, t: Wording) -> Iterator[str]:
    held = facts.held
    if len(held) == 1:
        amount = spelled.money(held[0].amount, held[0].currency, t.locale)
        yield t("queue_said.held_new" if held[0].new_payee else "queue_said.held", amount=amount)
    elif held:
        yield t("queue_said.held_many", count=len(held), amount=_sum(facts, t))
    for kind in facts.unconfirmed:
        yield t(f"queue_said.{_STOPS[kind]}")
    if facts.frozen and "freeze" not in facts.unconfirmed:
        yield t("queue_said.frozen")


def _stands(case: Case, t: Wording) -> Iterator[str]:
    if case.decided_by is not None and case.state != "resolved":
        yield t("queue_said.appeal")
    if case.escalated_at is not None and case.state != "resolved":
        yield t("queue_said.escalated")
    if case.waiting_for is not None:
        yield t("queue_said.waits", what=_awaited(case.kind, case.waiting_for, t))


def _awaited(kind: str, waiting_for: str, t: Wording) -> str:
    """What a case waits for, as its kind calls it."""
    known = kinds().get(kind)
    reasons = () if known is None else known.waiting
    said = next((each.said.in_(t.locale) for each in reasons if each.name == waiting_for), None)
    return said or waiting_for


def _sum(facts: Facts, t: Wording) -> str:
    sums: dict[str, Decimal] = {}
    for each in facts.held:
        sums[each.currency] = sums.get(each.currency, Decimal(0)) + Decimal(each.amount)
    comma = "、" if t.locale == "zh-CN" else ", "
    return comma.join(spelled.money(f"{total:f}", currency, t.locale) for currency, total in sums.items())


def _name(said: str) -> str:
    return spelled.text(said, _MOST_NAME)
