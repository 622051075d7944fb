"""Nobody is frozen for trying again: the same payment after a hold, and the authenticator that was asked for."""

from __future__ import annotations

import pytest

from contracts.decisions import AnyEffect, HoldPayment, IssueChallenge, ReleasePayment
from services.scoring.repeats import REPEATED
from tests.stories.tale import Account, Hand, Tale, Told, carrier, stranger

ENROLMENT = ("totp_enrolment_started", "totp_enrolled", "recovery_codes_made")


def unarmed(clock: str = "12:00") -> tuple[Tale, Account]:
    """Somebody who has lived a month without a second factor."""
    tale = Tale()
    lin = tale.account("lin").lives(days=29, since=1)
    tale.on(30, clock)
    return tale, lin


def effects(told: Told, event_id: str) -> tuple[AnyEffect, ...]:
    return told.decision(event_id).effects


def kinds(told: Told, event_id: str) -> list[str]:
    return [each.__struct_config__.tag for each in effects(told, event_id)]  # type: ignore[misc]


def joins(told: Told, event_id: str) -> str | None:
    (held,) = (each for each in effects(told, event_id) if isinstance(each, HoldPayment))
    return held.joins


async def test_four_more_tries_of_a_held_payment_join_it_without_a_case_or_a_letter() -> None:
    tale, lin = unarmed()
    first, *more = [lin.pays(8000, "dealer") for _ in range(5)]
    told = await tale.told()

    assert {told.action(each) for each in (first, *more)} == {"hold"}
    assert "notify" in kinds(told, first)
    assert [kinds(told, each) for each in more] == [["hold_payment"]] * 4
    assert [joins(told, each) for each in (first, *more)] == [None, first, first, first, first]
    assert all(REPEATED in told.states(each) for each in more)


@pytest.mark.parametrize("amounts", [(3000, 3000, 3600), (3000, 2400, 2999), (8000, 8000, 7000)])
@pytest.mark.parametrize("minutes", [0.2, 10, 600])
async def test_tries_from_a_new_phone_end_in_no_freeze_however_fast_and_alike_they_come(
    amounts: tuple[int, ...], minutes: float
) -> None:
    tale, lin = unarmed()
    new_phone = Hand(carrier("Shanghai", 5), "new-phone", lin.owner.agent)
    lin.logs_in(new_phone)
    tries = []
    for amount in (*amounts, amounts[0], amounts[0]):
        tries.append(lin.sends(amount, "landlord", new_phone))
        tale.after(minutes=minutes)
    told = await tale.told()

    assert {told.action(each) for each in tries} == {"hold"}
    assert [each for each in tries if "notify" in kinds(told, each)] == tries[:1]
    assert sum("open_case" in kinds(told, each) for each in tries) <= 1


async def test_another_kind_of_the_same_payment_is_the_same_payment() -> None:
    tale, lin = unarmed()
    first = lin.pays(8000, "dealer")
    again = lin.sends(8000, "dealer")
    told = await tale.told()

    assert joins(told, again) == first


@pytest.mark.parametrize("change", ["payee", "device", "amount", "currency"])
async def test_what_is_not_the_same_payment_joins_nothing(change: str) -> None:
    tale, lin = unarmed()
    lin.pays(8000, "dealer")
    other = lin.pays(
        12000 if change == "amount" else 8000,
        "other" if change == "payee" else "dealer",
        stranger(lin.owner.line) if change == "device" else None,
        currency="USD" if change == "currency" else "CNY",
    )
    told = await tale.told()

    assert REPEATED not in told.states(other)


async def test_a_payment_that_was_given_up_in_time_is_not_joined_for_ever() -> None:
    tale, lin = unarmed()
    lin.pays(8000, "dealer")
    tale.after(days=3)
    later = lin.pays(8000, "dealer")
    told = await tale.told()

    assert REPEATED not in told.states(later)


async def test_a_try_teaches_nothing_so_the_next_payment_is_judged_as_after_one() -> None:
    findings = []
    for tries in (1, 6):
        tale, lin = unarmed()
        for _ in range(tries):
            lin.pays(8000, "dealer")
        tale.on(30, "12:30")
        after = lin.pays(200, "tailor")
        findings.append((await tale.told()).decision(after).findings)

    assert findings[0] == findings[1]


@pytest.mark.parametrize("tries", [0, 4])
async def test_who_enrols_as_asked_pays_with_a_code(tries: int) -> None:
    tale, lin = unarmed()
    for _ in range(1 + tries):
        lin.pays(8000, "dealer")
    enrolment = [lin.changes(each) for each in ENROLMENT]
    again = lin.pays(8000, "dealer")
    passed = lin.passes(again, "transaction")
    next_day = lin.pays(60, "dealer")
    told = await tale.told()

    assert {told.action(each) for each in enrolment} == {"allow"}
    assert kinds(told, again) == ["issue_challenge", "hold_payment"]
    assert not any("enrolled" in code or "takeover" in code for code in told.codes(again))
    (released,) = effects(told, passed)
    assert isinstance(released, ReleasePayment)
    assert released.event_id == again
    assert told.action(next_day) == "allow"


async def test_who_enrols_as_asked_may_pay_somebody_else() -> None:
    tale, lin = unarmed()
    lin.pays(8000, "dealer")
    for each in ENROLMENT:
        lin.changes(each)
    other = lin.sends(400, "cousin")
    told = await tale.told()

    assert told.action(other) in {"allow", "notify", "challenge"}
    assert "factor_change_then_money" not in told.reasons(other)


async def test_a_challenged_payment_is_asked_for_again_however_often_it_is_tried() -> None:
    tale = Tale()
    lin = tale.account("lin").lives(days=30)
    tale.on(30, "12:00")
    first, *more = [lin.pays(3000, "dealer") for _ in range(5)]
    told = await tale.told()

    assert {told.action(each) for each in (first, *more)} == {"challenge"}
    assert [kinds(told, each) for each in more] == [["issue_challenge"]] * 4


async def test_a_thief_who_enrols_his_own_authenticator_after_a_hold_is_let_through_by_no_code() -> None:
    tale, lin = unarmed("03:00")
    thief = stranger(carrier("Wuhan", 77), "thief")
    lin.logs_in(thief)
    lin.sends(6000, "mule", thief)
    for each in ENROLMENT:
        lin.changes(each, thief)
    same = lin.sends(6000, "mule", thief)
    other = lin.sends(6000, "other-mule", thief)
    told = await tale.told()

    assert told.action(same) == "hold"
    assert not any(isinstance(each, IssueChallenge) for each in effects(told, same))
    assert told.action(other) == "deny"
    assert "factor_change_then_money" in told.reasons(other)


async def test_an_enrolment_that_nobody_asked_for_stays_evidence() -> None:
    tale, lin = unarmed()
    for each in ENROLMENT:
        lin.changes(each)
    tale.after(minutes=5)
    money = lin.sends(6000, "mule", stranger(carrier("Wuhan", 77), "thief"))
    told = await tale.told()

    assert "factor_change_then_money" in told.reasons(money)


async def test_a_device_that_came_a_day_before_the_hold_enrols_nothing_on_request() -> None:
    tale, lin = unarmed()
    tablet = Hand(lin.owner.line, "tablet-of-thief", lin.owner.agent)
    lin.logs_in(tablet)
    lin.passes("event-nobody-knows")
    tale.after(days=1)
    lin.sends(6000, "mule", tablet)
    for each in ENROLMENT:
        lin.changes(each, tablet)
    other = lin.sends(6000, "other-mule", tablet)
    told = await tale.told()

    assert "factor_change_then_money" in told.reasons(other)


async def test_the_owners_no_ends_the_hold_so_that_the_next_try_joins_nothing() -> None:
    tale, lin = unarmed()
    first = lin.pays(8000, "dealer")
    again = lin.pays(8000, "dealer")
    lin.reports(again)
    later = lin.pays(8000, "dealer")
    told = await tale.told()

    assert joins(told, again) == first
    assert REPEATED not in told.states(later)
