"""A bought password, used by three attackers who know more and more of the victim; all want the money out."""

from __future__ import annotations

from tests.stories.tale import ASKED, PHONE, SCRIPT, Hand, broadband, hosting, lived, stranger, vpn


async def test_an_attacker_from_anywhere_is_asked_at_the_login() -> None:
    tale, lin = lived(30, "15:00")
    naive = stranger(hosting("New York", 8), "naive", SCRIPT)
    login = lin.logs_in(naive)
    money = lin.sends(6000, "mule", naive)
    told = await tale.told()

    assert told.asked()[0] == login
    assert {"new_device", "new_network", "new_country"} <= told.reasons(login)
    assert told.action(money) in ASKED


async def test_an_attacker_with_a_vpn_in_the_victims_country_is_asked_at_the_login() -> None:
    tale, lin = lived(30, "15:00")
    behind = stranger(vpn("Shanghai", 8), "behind", PHONE)
    login = lin.logs_in(behind)
    money = lin.sends(6000, "mule", behind)
    told = await tale.told()

    assert told.asked()[0] == login
    assert {"new_device", "new_network"} <= told.reasons(login)
    assert told.action(money) in ASKED


async def test_an_attacker_with_the_victims_network_and_device_is_asked_at_the_money() -> None:
    tale, lin = lived(30, "15:00")
    targeted = Hand(broadband("Shanghai", 31_007), lin.owner.device_id, PHONE)
    login = lin.logs_in(targeted)
    money = lin.sends(6000, "mule", targeted, balance=6400)
    told = await tale.told()

    assert told.action(login) in ("allow", "notify", "challenge")
    assert told.action(money) in ASKED
    assert {"new_payee", "account_drain"} <= told.reasons(money)


async def test_what_the_attacker_did_teaches_nothing_when_the_code_was_never_typed() -> None:
    tale, lin = lived(30, "15:00")
    naive = stranger(hosting("New York", 8), "naive", SCRIPT)
    for _ in range(5):
        login = lin.logs_in(naive)
        lin.misses(login)
        tale.after(hours=2)
    last = lin.logs_in(naive)
    told = await tale.told()

    assert told.action(last) in ASKED
    assert {"new_device", "failed_challenge"} <= told.reasons(last)
