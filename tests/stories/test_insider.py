"""A clerk moves an account to his own phone number, removes the second factor, raises the limit, takes the money."""

from __future__ import annotations

from tests.stories.tale import ASKED, LAPTOP, Tale, broadband, carrier, lived, stranger


async def test_the_clerks_transfer_is_stopped_and_the_chain_is_named() -> None:
    tale = Tale()
    lin = tale.account("lin").lives(days=30)
    desk = stranger(broadband("Shanghai", 77, 2), "desk", LAPTOP)
    clerk = stranger(carrier("Shanghai", 4711), "clerk")
    tale.on(30, "10:00")
    lin.changes("phone_change", desk)
    lin.changes("totp_removed", desk)
    lin.changes("limit_raise", desk)
    tale.on(30, "12:30")
    lin.logs_in(clerk)
    money = lin.sends(6000, "mule", clerk)
    told = await tale.told()

    assert told.action(money) in ("hold", "deny")
    assert {"credential_change_then_money", "new_device"} & told.reasons(money)
    assert "factor_change_then_money" in told.reasons(money)


async def test_a_factor_that_is_taken_away_before_the_money_is_named() -> None:
    tale, lin = lived(30, "12:00")
    lin.changes("totp_removed")
    tale.after(minutes=30)
    money = lin.sends(1500, "mule")
    told = await tale.told()

    assert told.action(money) in ASKED
    assert "factor_change_then_money" in told.reasons(money)


async def test_a_takeover_told_step_by_step_is_named_as_a_chain() -> None:
    tale = Tale()
    lin = tale.account("lin").lives(days=30)
    thief = stranger(carrier("Wuhan", 77), "thief")
    tale.on(30, "03:00")
    for _ in range(6):
        lin.fails_to_log_in(thief)
    lin.logs_in(thief)
    lin.changes("email_change", thief)
    money = lin.sends(900, "mule", thief)
    told = await tale.told()

    assert "takeover_chain" in told.reasons(money)
    assert told.action(money) in ("hold", "deny")


async def test_a_limit_that_is_raised_before_a_large_transfer_is_named() -> None:
    tale, lin = lived(30, "12:00")
    lin.changes("limit_raise")
    tale.after(minutes=20)
    money = lin.pays(6000, "dealer", balance=6500)
    told = await tale.told()

    assert told.action(money) in ASKED
    assert "limit_raise_then_money" in told.reasons(money)
