"""One password is tried on many accounts, a few an hour, each try from another address of one rented network."""

from __future__ import annotations

from tests.stories.tale import ASKED, OTHER_PHONE, Tale, hosting, stranger


async def test_a_slow_spray_over_one_network_is_named_when_it_fits() -> None:
    tale = Tale()
    victims = [tale.account(f"victim-{number}", number=number).lives(days=6) for number in range(40)]
    tale.on(7, "09:10")
    tries = []
    for number, victim in enumerate(victims[:-1]):
        tries.append(victim.fails_to_log_in(stranger(hosting("Bangkok", number), f"s-{number}", OTHER_PHONE)))
        tale.after(minutes=12)
    fits = victims[-1].logs_in(stranger(hosting("Bangkok", 90), "s-39", OTHER_PHONE))
    told = await tale.told()

    assert told.action(fits) in ASKED
    assert "password_spray" in told.reasons(fits)
    assert "credential_stuffing" not in told.reasons(fits)
    assert "spray_attempt" in told.codes(tries[-1])
    assert told.asked() == [fits]
    assert told.alerts([*tries, fits]) == [fits]
