"""People who do not know each other pay one young payee; two complain; one more is about to pay."""

from __future__ import annotations

from tests.stories.tale import ASKED, Tale


async def test_the_payee_whom_many_strangers_pay_is_named() -> None:
    tale = Tale()
    victims = [tale.account(f"victim-{number}", number=number).lives(days=10) for number in range(12)]
    tale.on(11, "09:00")
    paid = []
    for victim in victims:
        paid.append(victim.sends(400, "mule"))
        tale.after(minutes=40)
    told = await tale.told()

    assert "payee_fan_in" not in told.reasons(paid[0])
    assert "payee_fan_in" in told.reasons(paid[-1])
    assert told.action(paid[-1]) in ("notify", "challenge", "hold")


async def test_after_two_complaints_the_next_payment_to_the_payee_is_asked_about() -> None:
    tale = Tale()
    first, second, third = (tale.account(f"victim-{n}", number=n).lives(days=10) for n in range(3))
    tale.on(11, "09:00")
    lost = first.sends(400, "mule")
    tale.after(hours=3)
    also = second.sends(400, "mule")
    tale.on(12, "09:00")
    first.is_called_fraud(lost, "mule")
    second.is_called_fraud(also, "mule")
    tale.on(13, "09:00")
    third_time = third.sends(400, "mule")
    told = await tale.told()

    assert told.action(third_time) in ASKED
    assert "payee_reputation" in told.reasons(third_time)
