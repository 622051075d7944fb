"""The owner is at home, and forty minutes later somebody is on another continent."""

from __future__ import annotations

from tests.stories.tale import ASKED, broadband, lived, stranger, vpn


async def test_a_login_nine_thousand_kilometres_away_within_the_hour_is_asked_for_a_code() -> None:
    tale, lin = lived(30, "13:00")
    lin.logs_in()
    tale.after(minutes=40)
    far = lin.logs_in(stranger(broadband("New York", 12, 1), "far"))
    told = await tale.told()

    assert told.action(far) in ASKED
    assert {"impossible_travel", "new_device", "new_country"} <= told.reasons(far)


async def test_a_stranger_behind_a_vpn_abroad_is_asked_whenever_he_comes_back() -> None:
    tale, lin = lived(30, "13:00")
    lin.logs_in()
    tale.after(minutes=20)
    hidden = stranger(vpn("London", 3), "hidden")
    tries = [lin.logs_in(hidden) for _ in range(3)]
    told = await tale.told()

    assert all(told.action(each) in ASKED for each in tries)
    assert all("impossible_travel" in told.reasons(each) for each in tries)


async def test_the_owner_who_comes_home_in_between_does_not_hide_the_journey() -> None:
    tale, lin = lived(30, "13:00")
    lin.logs_in()
    tale.after(minutes=20)
    lin.logs_in(lin.owner.over(broadband("London", 12, 1)))
    tale.after(minutes=20)
    lin.logs_in()
    tale.after(minutes=20)
    again = lin.logs_in(lin.owner.over(broadband("London", 12, 1)))
    told = await tale.told()

    assert told.action(again) in ASKED
    assert "impossible_travel" in told.reasons(again)
