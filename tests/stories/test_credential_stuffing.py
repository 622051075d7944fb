"""One rented address tries leaked passwords on many accounts until one fits."""

from __future__ import annotations

from tests.stories.tale import ASKED, SCRIPT, Tale, hosting, stranger


async def test_the_one_password_that_fits_costs_the_attacker_a_code_and_names_the_stuffing() -> None:
    tale = Tale()
    victims = [tale.account(f"victim-{number}", number=number).lives(days=6) for number in range(15)]
    tale.on(7, "03:10")
    tries = []
    for number, victim in enumerate(victims[:-1]):
        bot = stranger(hosting("Bangkok", 9), f"bot-{number}", SCRIPT)
        tries.append(victim.fails_to_log_in(bot))
    fits = victims[-1].logs_in(stranger(hosting("Bangkok", 9), "bot-14", SCRIPT))
    told = await tale.told()

    assert told.action(fits) in ASKED
    assert "credential_stuffing" in told.reasons(fits)
    assert told.asked() == [fits]
    assert "stuffing_attempt" in told.codes(tries[-1])
    assert fits in told.alerts([fits])
