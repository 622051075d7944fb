"""Logins and payments that are odd in when, over what, or after how long."""

from __future__ import annotations

from tests.stories.tale import ASKED, SCRIPT, Tale, broadband, hosting, lived, stranger, tor


async def test_an_account_asleep_for_months_that_wakes_on_a_new_device_is_asked() -> None:
    tale = Tale()
    lin = tale.account("lin").lives(days=30)
    tale.on(230, "15:00")
    wakes = lin.logs_in(stranger(broadband("Shanghai", 900, 2), "thief"))
    told = await tale.told()

    assert told.action(wakes) in ASKED
    assert {"dormant_account", "new_device"} <= told.reasons(wakes)


async def test_a_login_over_tor_at_an_hour_the_owner_sleeps_is_asked() -> None:
    tale, lin = lived(40, "04:00")
    night = lin.logs_in(stranger(tor(3), "night"))
    told = await tale.told()

    assert told.action(night) in ASKED
    assert {"anonymous_network", "unusual_hour"} <= told.reasons(night)


async def test_the_owners_cookie_in_a_strange_browser_over_a_strange_address_is_unfamiliar() -> None:
    tale, lin = lived(40, "12:00")
    copied = stranger(broadband("Chengdu", 900, 2), "copied")._replace(device_id=lin.owner.device_id)
    login = lin.logs_in(copied)
    told = await tale.told()

    assert "unfamiliar_login" in told.reasons(login)
    assert told.action(login) in ("notify", "challenge")


async def test_a_program_that_logs_in_for_the_owner_is_named() -> None:
    tale, lin = lived(30, "15:00")
    script = lin.logs_in(stranger(hosting("Shanghai", 900), "script", SCRIPT))
    told = await tale.told()

    assert "automation" in told.reasons(script)
    assert told.action(script) in ASKED


async def test_money_that_leaves_while_the_owner_sleeps_is_named() -> None:
    tale, lin = lived(60, "03:30")
    night = lin.sends(700, "mule")
    told = await tale.told()

    assert "unusual_hour_money" in told.reasons(night)
    assert told.action(night) in ("notify", "challenge", "hold")
