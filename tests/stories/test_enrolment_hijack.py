"""Somebody with the password sets up an authenticator of his own, so that the next challenge is his to pass."""

from __future__ import annotations

from tests.stories.tale import ASKED, Tale, carrier, lived, stranger

STOPPED = ("hold", "deny")


async def test_a_strangers_first_factor_is_seen_and_money_after_it_does_not_leave() -> None:
    tale = Tale()
    lin = tale.account("lin").lives(days=29, since=1)
    thief = stranger(carrier("Wuhan", 77), "thief")
    tale.on(30, "03:00")
    lin.logs_in(thief)
    begun = lin.changes("totp_enrolment_started", thief)
    enrolled = lin.changes("totp_enrolled", thief)
    lin.changes("recovery_codes_made")
    tale.after(minutes=4)
    money = lin.sends(6000, "mule", thief)
    told = await tale.told()

    assert told.action(begun) in STOPPED
    assert told.action(enrolled) in ASKED
    assert told.action(money) in STOPPED
    assert "factor_change_then_money" in told.reasons(money)


async def test_a_factor_replaced_with_a_code_that_was_talked_out_of_the_owner_moves_no_money() -> None:
    tale = Tale()
    lin = tale.account("lin").lives(days=30)
    thief = stranger(carrier("Wuhan", 77), "thief")
    tale.on(30, "03:00")
    lin.logs_in(thief)
    lin.changes("totp_enrolment_started", thief)
    replaced = lin.changes("totp_replaced", thief)
    tale.after(minutes=4)
    money = lin.sends(6000, "mule", thief)
    told = await tale.told()

    assert told.action(replaced) in ASKED
    assert told.action(money) in STOPPED
    assert {"factor_change_then_money", "takeover_chain"} <= told.reasons(money)


async def test_an_owner_who_changes_phones_with_a_code_goes_on_paying_where_he_pays() -> None:
    tale, lin = lived(30, "12:00")
    steps = [
        lin.changes(change) for change in ("totp_enrolment_started", "totp_replaced", "recovery_codes_made")
    ]
    tale.after(minutes=30)
    money = lin.pays(60, "grocer")
    told = await tale.told()

    assert {"allow"} == {told.action(event_id) for event_id in (*steps, money)}


async def test_an_enrolment_that_only_began_makes_no_device_known() -> None:
    tale = Tale()
    lin = tale.account("lin").lives(days=30)
    thief = stranger(carrier("Wuhan", 77), "thief")
    tale.on(30, "03:00")
    for _ in range(5):
        lin.changes("totp_enrolment_started", thief)
        tale.after(minutes=1)
    money = lin.sends(900, "mule", thief)
    told = await tale.told()

    assert "new_device" in told.reasons(money)
