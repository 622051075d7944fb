"""What the desk does with a case beside ending it: look away, wait, hand it up, put it to another. Pure: times are arguments."""

from __future__ import annotations

from decimal import Decimal

from msgspec.structs import replace

from contracts.shown import Shown
from services.cases.states import AWAKE, Case, IllegalTransition, changed, refuse_resolved

#: Nobody looks away from a case for longer.
SNOOZE_S = 180 * 86_400.0


def with_stake(case: Case, shown: Shown | None) -> Case:
    """The case that is about this event's money too: the first amount stands, but for a larger one in its currency."""
    if shown is None or shown.amount is None or shown.currency is None:
        return case
    amount, currency = shown.amount, shown.currency
    if case.at_stake is not None and (
        case.stake_currency != currency or Decimal(case.at_stake) >= Decimal(amount)
    ):
        return case
    return replace(case, at_stake=amount, stake_currency=currency)


def snoozed(case: Case, until: float, at: float) -> Case:
    """The case that nobody looks at until then, or until something new comes. Raises IllegalTransition once resolved, and for a
    time that is not ahead, or further than SNOOZE_S."""
    refuse_resolved(case, "snoozed")
    if not at < until <= at + SNOOZE_S:
        raise IllegalTransition("a case is snoozed until a time ahead, within 180 days")
    return changed(case, at, snoozed_until=until)


def waiting(case: Case, waiting_for: str, at: float) -> Case:
    """The case that waits for somebody else. Raises IllegalTransition once resolved."""
    refuse_resolved(case, "left waiting")
    return changed(case, at, waiting_for=waiting_for, waiting_since=at)


def awake(case: Case, at: float) -> Case:
    """The case neither snoozed nor waiting. Raises IllegalTransition once resolved."""
    refuse_resolved(case, "woken")
    return changed(case, at, **AWAKE)


def escalated(case: Case, at: float) -> Case:
    """The case for senior people, of whom nobody has it yet. Raises IllegalTransition once resolved, and when it is that
    already."""
    refuse_resolved(case, "escalated")
    if case.escalated_at is not None:
        raise IllegalTransition("the case is escalated already")
    return changed(case, at, state="open", assignee=None, escalated_at=at, **AWAKE)


def merged(case: Case, into: Case, at: float) -> Case:
    """The case closed because it goes on in another one of its account.

    Raises IllegalTransition once either is resolved, for a case of risk, which ends with a verdict, and for another account's.
    """
    refuse_resolved(case, "merged")
    refuse_resolved(into, "merged into")
    if case.kind == "risk":
        raise IllegalTransition("a case of risk ends with a verdict; merge the other case into it")
    if case.account_id != into.account_id or case.case_id == into.case_id:
        raise IllegalTransition("a case is merged into another case of the same account")
    ended = max(case.changed_at, at)
    return changed(
        case, at, state="resolved", verdict="duplicate", resolved_at=ended, merged_into=into.case_id, **AWAKE
    )
