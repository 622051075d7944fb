"""The phone number is moved to another card: password reset, new phone, a small test, then the money."""

from __future__ import annotations

from tests.stories.tale import ASKED, Tale, carrier, stranger


async def test_each_step_after_the_reset_adds_and_the_large_transfer_does_not_leave() -> None:
    tale = Tale()
    lin = tale.account("lin").lives(days=30)
    thief = stranger(carrier("Wuhan", 77), "thief")
    tale.on(30, "11:00")
    reset = lin.changes("password_reset", thief)
    tale.after(minutes=9)
    login = lin.logs_in(thief)
    tale.after(minutes=5)
    test = lin.sends(50, "mule", thief)
    tale.after(minutes=10)
    drain = lin.sends(8000, "mule", thief)
    told = await tale.told()

    assert told.action(reset) in ("notify", "challenge", "hold")
    assert told.action(login) in ASKED
    assert {"credential_change_then_money", "new_payee"} <= told.reasons(test)
    assert told.action(drain) in ("hold", "deny")
    assert {"credential_change_then_money", "takeover_chain"} & told.reasons(drain)
