"""Without a factor there is no code to ask for: the owner is asked, and support hears of what would have been held anyway."""

from __future__ import annotations

import pytest

from tests.stories.tale import Account, Hand, Tale, Told, carrier, stranger
from tests.stories.test_trying_again import joins, kinds, unarmed


def new_phone(lin: Account) -> Hand:
    return Hand(carrier("Shanghai", 5), "new-phone", lin.owner.agent)


def waits(told: Told, event_id: str) -> tuple[str, str | None]:
    decision = told.decision(event_id)
    return decision.action, decision.waits_for


async def test_a_payment_that_would_be_challenged_waits_for_its_owner_and_is_no_case() -> None:
    tale, lin = unarmed()
    lin.logs_in(new_phone(lin))
    paid = lin.pays(60, "bookshop", new_phone(lin))
    told = await tale.told()

    assert waits(told, paid) == ("hold", "owner")
    assert kinds(told, paid) == ["hold_payment", "notify"]


async def test_the_same_payment_of_somebody_with_a_factor_is_asked_for_its_code() -> None:
    tale = Tale()
    lin = tale.account("lin").lives(days=30)
    tale.on(30, "12:00")
    paid = lin.pays(60, "bookshop", new_phone(lin))
    told = await tale.told()

    assert waits(told, paid) == ("challenge", None)


async def test_what_would_have_been_held_anyway_is_a_case() -> None:
    actions = []
    for since in (1, 0):
        tale = Tale()
        lin = tale.account("lin").lives(days=30, since=since)
        tale.on(30, "12:00")
        paid = lin.pays(8000, "dealer")
        told = await tale.told()
        actions.append(waits(told, paid))
        assert {"raise_alert", "open_case", "notify"} <= set(kinds(told, paid))

    assert actions == [("hold", "support")] * 2


async def test_a_login_from_far_away_is_neither_a_case_nor_an_alert() -> None:
    tale, lin = unarmed()
    login = lin.logs_in(stranger(carrier("Wuhan", 77)))
    told = await tale.told()

    assert told.action(login) in {"notify", "hold"}
    assert kinds(told, login) == ["notify"]


@pytest.mark.parametrize("change", ["password_change", "email_change", "limit_raise"])
async def test_a_change_that_would_be_challenged_waits_for_its_owner(change: str) -> None:
    tale, lin = unarmed()
    changed = lin.changes(change, new_phone(lin))
    told = await tale.told()

    assert waits(told, changed) == ("hold", "owner")
    assert kinds(told, changed) == ["notify"]


async def test_a_try_that_has_become_a_matter_of_supports_is_one_case_and_no_freeze() -> None:
    tale, lin = unarmed()
    thief = stranger(carrier("Wuhan", 77), "thief")
    lin.logs_in(thief)
    first = lin.sends(60, "mule", thief)
    for each in ("password_change", "phone_change"):
        lin.changes(each, thief)
    again, once_more = lin.sends(60, "mule", thief), lin.sends(60, "mule", thief)
    told = await tale.told()

    assert waits(told, first) == ("hold", "owner")
    assert waits(told, again) == waits(told, once_more) == ("hold", "support")
    assert joins(told, again) == joins(told, once_more) == first
    assert kinds(told, again) == ["hold_payment", "raise_alert", "open_case"]
    assert kinds(told, once_more) == ["hold_payment"]


async def test_a_new_phone_s_owner_who_pays_here_and_there_is_not_frozen_for_unread_letters() -> None:
    tale, lin = unarmed()
    phone = new_phone(lin)
    lin.logs_in(phone)
    paid = []
    for number, amount in enumerate((23, 13, 41, 60, 75, 50)):
        paid.append(lin.pays(amount, f"shop-{number}", phone))
        tale.after(hours=1)
    told = await tale.told()

    assert {waits(told, each) for each in paid} == {("hold", "owner")}
