"""Honest lives that look odd for a moment: nobody is challenged, held or denied. What may be a notice is said in each."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from services.lab.people.places import city_named
from tests.stories.tale import LAPTOP, PHONE, Account, Hand, Tale, Told, broadband, carrier, lived, vpn


def quiet(told: Told, *, notices: int = 0, but: tuple[str, ...] = ()) -> bool:
    """Nobody is asked but about the events `but`, and the owner is told of at most so many others."""
    asked = [each for each in told.asked() if each not in but]
    noticed = [each for each in told.noticed() if each not in but]
    assert not asked, told.why(asked)
    assert len(noticed) <= notices, told.why(noticed)
    return True


async def test_the_same_address_whose_place_moved_in_the_database_has_not_travelled() -> None:
    tale = Tale()
    lin = tale.account("lin").lives(days=30)
    berlin = city_named("Berlin")
    line = lin.owner.line
    place = replace(
        line.place,
        country="DE",
        city="Berlin",
        latitude=berlin.latitude,
        longitude=berlin.longitude,
    )
    moved = lin.owner.over(replace(line, place=place))
    tale.on(30, "08:10")
    lin.logs_in(moved)
    lin.pays(55, "grocer", moved)
    tale.on(30, "20:10")
    lin.logs_in(moved)
    told = await tale.told()

    assert quiet(told)


async def test_a_phone_at_a_carrier_has_another_address_each_time_and_another_city_now_and_then() -> None:
    tale = Tale()
    lin = tale.account("lin").lives(days=20)
    for step in range(20):
        tale.on(20 + step // 4, f"{8 + step % 4 * 4:02d}:05")
        city = "Shanghai" if step % 5 else "Hangzhou"
        moving = lin.owner.over(carrier(city, 4000 + 977 * step))
        lin.logs_in(moving)
        lin.pays(45, "canteen", moving)
    told = await tale.told()

    assert quiet(told)


async def test_somebody_who_lives_behind_a_vpn_jumps_between_its_exits() -> None:
    tale = Tale()
    lin = tale.account("lin").lives(days=4)
    exits = (vpn("Hong Kong", 3), vpn("London", 9), vpn("Hong Kong", 5))
    first = []
    for day in range(4, 30):
        tale.on(day, "08:05")
        lin.logs_in()
        tale.after(hours=1)
        login = lin.logs_in(lin.owner.over(exits[day % 3]))
        if day < 8:
            lin.passes(login)
            first.append(login)
        lin.pays(50, "grocer", lin.owner.over(exits[day % 3]))
    told = await tale.told()

    # In the first days an exit may cost a code; after that nothing, and no notice either.
    assert quiet(told, but=tuple(first))


@pytest.mark.parametrize("city", ["London", "New York", "Singapore"])
async def test_who_turns_a_vpn_off_is_at_home_at_once(city: str) -> None:
    tale, lin = lived(30, "13:00")
    through = lin.owner.over(vpn(city, 3))
    first = lin.logs_in(through)
    lin.passes(first)
    lin.pays(50, "grocer", through)
    tale.after(minutes=1)
    lin.logs_in()
    home = lin.pays(50, "grocer")
    told = await tale.told()

    # The new exit may cost a code; coming home from it costs nothing.
    assert quiet(told, but=(first,))
    assert "impossible_travel" not in told.reasons(home)


async def test_a_holiday_that_a_passed_challenge_announced_is_a_holiday() -> None:
    tale, lin = lived(30, "16:30")
    there = lin.owner.over(carrier("Bangkok", 812))
    arrival = lin.logs_in(there)
    lin.passes(arrival)
    hotel = lin.owner.over(broadband("Bangkok", 71, 2))
    for day in range(31, 36):
        tale.on(day, "10:40")
        lin.logs_in(there)
        lin.pays(70, "canteen", there)
        tale.on(day, "21:40")
        lin.logs_in(hotel)
    tale.on(37, "19:00")
    lin.logs_in()
    told = await tale.told()

    # The arrival may cost one code, the first night at the hotel a notice.
    assert quiet(told, notices=1, but=(arrival,))


async def test_pay_day_brings_the_salary_the_rent_and_the_big_shopping() -> None:
    tale = Tale()
    lin = tale.account("lin")
    for month in range(3):
        lin.lives(days=30, since=30 * month)
        pay_day(tale, lin, month)
    told = await tale.told()

    # The first rent that the account ever pays may be told to its owner.
    assert quiet(told, notices=1)


def pay_day(tale: Tale, lin: Account, month: int) -> None:
    """The last evening of a month: salary in, rent out, four shops on the way home."""
    tale.on(30 * month + 29, "18:00")
    lin.logs_in()
    lin.pays(9000, None, kind="top_up", balance=400)
    lin.sends(3200, "landlord", balance=9400)
    for shop, amount in (("grocer", 160), ("baker", 60), ("canteen", 90), ("grocer", 75)):
        tale.after(minutes=25)
        lin.pays(amount, shop, balance=6000)


async def test_a_new_phone_is_an_ordinary_phone_after_its_challenge() -> None:
    tale = Tale()
    lin = tale.account("lin").lives(days=30)
    bought = Hand(lin.owner.line, "next-phone-of-lin", PHONE.replace("Pixel 9", "Pixel 10"))
    tale.on(30, "18:00")
    first = lin.logs_in(bought)
    lin.passes(first)
    lin.pays(60, "grocer", bought)
    for day in range(31, 35):
        tale.on(day, "08:20")
        lin.logs_in(bought)
        lin.pays(60, "baker", bought)
        tale.on(day, "20:20")
        lin.logs_in(bought.over(carrier("Shanghai", 500 + day)))
    told = await tale.told()

    # The first login on it may cost one code.
    assert quiet(told, but=(first,))


async def test_a_shift_worker_comes_at_every_hour_there_is() -> None:
    tale = Tale()
    lin = tale.account("lin")
    lin.changes("totp_enrolled")
    for day in range(42):
        begins = (6, 14, 22)[day // 7 % 3]
        for hour in (begins - 1, begins + 4, begins + 9):
            tale.on(day, f"{hour % 24:02d}:{day * 7 % 60:02d}")
            lin.logs_in()
            if hour == begins + 4:
                lin.pays(40, "canteen")
    told = await tale.told()

    assert quiet(told)


async def test_a_family_shares_one_tablet() -> None:
    tale = Tale()
    family = [tale.account(name, number=1) for name in ("mother", "father", "daughter")]
    tablet = Hand(broadband("Shanghai", 1), "tablet-of-the-family", LAPTOP)
    for day in range(20):
        for index, each in enumerate(family):
            tale.on(day, f"{8 + index}:10")
            if day == 0:
                each.changes("totp_enrolled")
            each.logs_in()
            tale.on(day, f"{18 + index}:30")
            each.logs_in(tablet)
            each.pays(30 + 10 * index, "grocer", tablet)
    told = await tale.told()

    assert quiet(told)


async def test_the_first_week_of_a_new_account_is_learning_and_not_alarming() -> None:
    tale = Tale()
    lin = tale.account("lin")
    opened = lin.logs_in()
    lin.changes("totp_enrolled")
    laptop = Hand(broadband("Shanghai", 1), "laptop-of-lin", LAPTOP)
    for day in range(7):
        tale.on(day, f"{9 + day}:15")
        lin.logs_in(laptop if day % 3 == 1 else None)
        tale.after(minutes=2)
        lin.pays((25, 80, 40, 120, 33, 60, 210)[day], f"shop-{day}")
        tale.on(day, "21:30")
        lin.logs_in(lin.owner.over(carrier("Shanghai", 700 + 31 * day)))
    told = await tale.told()

    # A second device on the second day may be told to the owner.
    assert "learning" in told.states(opened)
    assert quiet(told, notices=1)


async def test_a_late_batch_of_yesterdays_events_is_judged_as_of_yesterday() -> None:
    tale = Tale()
    lin = tale.account("lin").lives(days=30)
    tale.on(31, "08:10")
    lin.logs_in()
    lin.pays(60, "grocer")
    for clock in ("08:05", "12:40", "20:15"):
        tale.on(30, clock)
        lin.logs_in()
        lin.pays(50, "baker")
    tale.on(31, "20:10")
    lin.logs_in()
    told = await tale.told()

    assert quiet(told)
