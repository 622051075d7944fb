"""One password is tried on many accounts, a few an hour, each try from another address of one network."""

from __future__ import annotations

from tests.stories.tale import ASKED, OTHER_PHONE, Tale, broadband, needs, stranger


@needs("password_spray")
async def test_a_slow_spray_over_one_network_is_named_when_it_fits() -> None:
    tale = Tale()
    victims = [tale.account(f"victim-{number}", number=number).lives(days=6) for number in range(40)]
    tale.on(7, "00:10")
    for number, victim in enumerate(victims[:-1]):
        victim.fails_to_log_in(
            stranger(broadband("Bangkok", 3000 + 7 * number, 2), f"s-{number}", OTHER_PHONE)
        )
        tale.after(minutes=12)
    fits = victims[-1].logs_in(stranger(broadband("Bangkok", 9001, 2), "s-39", OTHER_PHONE))
    told = await tale.told()

    assert told.action(fits) in ASKED
    assert "password_spray" in told.reasons(fits)
    assert told.asked() == [fits]
