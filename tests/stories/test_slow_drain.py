"""Who holds the owner's phone takes the wallet empty in usual amounts."""

from __future__ import annotations

from tests.stories.tale import ASKED, Tale, lived


async def test_one_transfer_of_nearly_everything_is_asked_about() -> None:
    tale, lin = lived(30, "15:00")
    drain = lin.sends(2950, "friend", balance=3000)
    told = await tale.told()

    assert told.action(drain) in ASKED
    assert {"account_drain", "new_payee"} <= told.reasons(drain)


async def test_a_drain_in_steps_is_named_before_the_wallet_is_empty() -> None:
    tale, lin = lived(30, "09:00")
    balance, steps = 3000.0, []
    for _ in range(12):
        steps.append(lin.sends(balance * 0.25, "friend", balance=balance))
        balance *= 0.75
        tale.after(hours=2)
    told = await tale.told()

    first = told.asked()[0]
    assert first in steps[:8], told.why(steps)
    assert {"account_drain", "velocity_amount", "velocity_count", "unusual_amount"} & told.reasons(first)


async def test_many_usual_amounts_in_an_hour_are_named_as_split() -> None:
    tale, lin = lived(40, "15:00")
    parts = [lin.pays(75, "grocer") for _ in range(12)]
    told = await tale.told()

    assert {"velocity_amount", "velocity_count"} & told.reasons(parts[-1])
    assert told.action(parts[-1]) in ("notify", "challenge", "hold")


async def test_one_huge_amount_to_a_stranger_is_held_or_asked_about() -> None:
    tale, lin = lived(30, "15:00")
    huge = lin.pays(18_000, "broker")
    told = await tale.told()

    assert told.action(huge) in ASKED
    assert {"unusual_amount", "new_payee"} <= told.reasons(huge)


async def test_large_amounts_day_after_day_that_nobody_answers_for_add_up() -> None:
    tale = Tale()
    lin = tale.account("lin").lives(days=30)
    payments = []
    for day in (30, 32, 34):
        tale.on(day, "15:00")
        payments.append(lin.pays(1_500, "broker"))
    told = await tale.told()

    assert "held_again" not in told.reasons(payments[0])
    assert {"held_again", "unusual_amount"} <= told.reasons(payments[2])


async def test_an_answered_challenge_ends_it() -> None:
    tale, lin = lived(30, "15:00")
    first = lin.pays(1_500, "broker")
    tale.after(minutes=2)
    lin.passes(first, "transaction")
    tale.on(32, "15:00")
    again = lin.pays(1_500, "broker")
    told = await tale.told()

    assert "held_again" not in told.reasons(again)
