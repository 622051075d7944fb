"""The second factor itself is attacked: guessed, or asked for until the owner gives in."""

from __future__ import annotations

from tests.stories.tale import ASKED, Tale, broadband, stranger


async def test_codes_that_are_guessed_are_named_and_the_money_after_them_is_stopped() -> None:
    tale = Tale()
    lin = tale.account("lin").lives(days=30)
    thief = stranger(broadband("Wuhan", 77, 2), "thief")
    tale.on(30, "15:00")
    for _ in range(6):
        login = lin.logs_in(thief)
        lin.misses(login)
    again = lin.logs_in(thief)
    money = lin.sends(900, "mule", thief)
    told = await tale.told()

    assert "otp_bruteforce" in told.reasons(again) | told.reasons(money)
    assert told.action(money) in ASKED


async def test_a_code_that_is_given_in_the_end_does_not_wipe_out_the_many_before_it() -> None:
    tale = Tale()
    lin = tale.account("lin").lives(days=30)
    thief = stranger(broadband("Wuhan", 77, 2), "thief")
    tale.on(30, "01:00")
    for _ in range(7):
        login = lin.logs_in(thief)
        tale.after(minutes=4)
    lin.passes(login)
    money = lin.sends(900, "mule", thief)
    told = await tale.told()

    assert "challenge_fatigue" in told.reasons(money) | told.reasons(login)
    assert told.action(money) in ASKED
