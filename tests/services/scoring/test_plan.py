"""Who is asked about an event, and whose memory it teaches."""

from __future__ import annotations

from contracts.circumstances import Circumstance
from contracts.events import AnyEvent, Login, Transaction
from contracts.profile import DAY_S, Profile
from detectors import discover
from services.memory.glance import look
from services.policy.policy import Policy
from services.scoring.plan import Plan, teach_memories
from tests.detectors.build import NOW, payer, transaction

C = Circumstance


def names(plan: Plan, circumstances: Circumstance) -> dict[str, bool]:
    """Who is asked, and whether only about an account that it remembers."""
    asked, _ = plan.wake(int(circumstances))
    return {each.name: each.if_remembered for each in asked}


def taught(plan: Plan, profile: Profile, event: AnyEvent, degraded: tuple[str, ...] = ()) -> Profile:
    _, learners = plan.wake(look(event, profile, {}).circumstances)
    teach_memories(learners, event, profile, degraded)
    return profile


def money(policy: Policy) -> Plan:
    return Plan(Transaction, discover(), policy)


def test_a_familiar_payment_asks_nobody_who_waits_for_something(policy: Policy) -> None:
    asked = names(money(policy), C.ALWAYS)

    assert not {"new_payee", "payment_failures", "takeover_chain"} & set(asked)


def test_what_others_remember_wakes_nobody(policy: Policy) -> None:
    asked = names(money(policy), C.ALWAYS | C.REMEMBERED)

    assert asked["payment_failures"]
    assert asked["takeover_chain"]


def test_another_circumstance_asks_with_or_without_a_memory(policy: Policy) -> None:
    asked = names(money(policy), C.ALWAYS | C.REMEMBERED | C.RECENT_FAILURE)

    assert asked["payment_failures"]
    assert not asked["takeover_chain"]


def test_a_detector_is_asked_only_about_its_types_of_events(policy: Policy) -> None:
    everything = Circumstance(sum(C))

    assert "payment_failures" not in names(Plan(Login, discover(), policy), everything)


def test_a_failed_payment_is_remembered_and_a_usual_one_is_not(policy: Policy) -> None:
    plan, profile = money(policy), payer()

    assert not taught(plan, profile, transaction()).slots
    assert set(taught(plan, profile, transaction(status="failed")).slots) == {"payment_failures"}


def test_a_memory_that_has_become_like_a_fresh_one_is_not_kept(policy: Policy) -> None:
    plan = money(policy)
    profile = taught(plan, payer(), transaction(status="failed"))

    assert not taught(plan, profile, transaction(at=NOW + DAY_S)).slots


def test_a_detector_that_failed_is_not_taught(policy: Policy) -> None:
    event = transaction(status="failed")

    assert not taught(money(policy), payer(), event, degraded=("payment_failures",)).slots
