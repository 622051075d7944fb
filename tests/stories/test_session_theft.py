"""Malware copies the owner's session; another device goes on inside it."""

from __future__ import annotations

from tests.stories.tale import Tale, broadband, carrier, lived, stranger


async def test_a_session_that_goes_on_elsewhere_is_asked_at_its_first_payment() -> None:
    tale, lin = lived(30, "20:00")
    lin.logs_in(session="s-1")
    lin.pays(60, "grocer", session="s-1")
    tale.after(minutes=20)
    theft = lin.sends(1500, "mule", stranger(broadband("Shanghai", 900, 2), "thief"), session="s-1")
    told = await tale.told()

    assert told.asked() == [theft]
    assert {"session_switch", "new_device", "new_payee"} <= told.reasons(theft)


async def test_a_phone_that_leaves_the_house_keeps_its_session() -> None:
    tale = Tale()
    lin = tale.account("lin").lives(days=30)
    for day in range(30, 33):
        tale.on(day, "18:00")
        lin.logs_in(session=f"s-{day}")
        tale.after(minutes=20)
        lin.pays(60, "grocer", lin.owner.over(carrier("Shanghai", 900 + day)), session=f"s-{day}")
    told = await tale.told()

    assert not told.asked(), told.why(told.asked())
