"""Where an attacker comes from, by how much is known of the victim.

`naive`: an address and a browser from anywhere. `vpn`: an address in the victim's country, a common browser. `targeted`: an
address of the victim's network and the very browser, but not the id that the victim's device keeps. These are the three of the
published measurements of login risk (Wiefling, Dürmuth, Lo Iacono 2021). `cloned`: targeted, with the device's id as well.
"""

from __future__ import annotations

from random import Random
from typing import Literal

from services.lab.people.events import Hand
from services.lab.people.personas import Handset, Person, computer, phone
from services.lab.people.places import CITIES, Access, City, fixed_line, mobile_line, rented_server, vpn_exit

AttackerName = Literal["naive", "vpn", "targeted", "cloned"]
ATTACKERS: tuple[AttackerName, ...] = ("naive", "vpn", "targeted", "cloned")
_COUNTRIES = sorted({city.country for city in CITIES})
_TOOLS = (
    "python-requests/2.32.3",
    "Mozilla/5.0 (Windows NT 6.1; Win64; x64; rv:109.0) Gecko/20100101 Firefox/115.0",
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/109.0.0.0 Safari/537.36",
    "Mozilla/5.0 (Linux; Android 11; M2101K6G) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/96.0 Mobile Safari/537.36",
)
_TOOL_SHARE = 0.3
#: The rest of the VPN attackers rent somebody's line at home.
_SERVER_SHARE = 0.75


def attacker(name: AttackerName, victim: Person, rng: Random) -> Hand:
    """An attacker of that kind on this victim, who is as found on the day (`personas.as_of`)."""
    if name == "naive":
        return Hand(_anywhere(rng), _any_browser(rng))
    if name == "vpn":
        return Hand(_in_country(victim, rng), _common_browser(rng))
    copied = _copied(victim, rng)
    if name == "targeted":
        copied = Handset(f"at-{rng.getrandbits(48):012x}", copied.user_agent)
    return Hand(_in_network(victim, rng), copied)


def _anywhere(rng: Random) -> Access:
    country = rng.choice(_COUNTRIES)
    city = rng.choice([each for each in CITIES if each.country == country])
    draw = rng.random()
    if draw < 0.4:
        return rented_server(city, rng.randrange(254), rng.choice(("hosting", "vpn", "tor")))
    if draw < 0.8:
        return fixed_line(city, rng.randrange(1 << 17), rng.randrange(3))
    return mobile_line(city, rng.randrange(1 << 16))


def _in_country(victim: Person, rng: Random) -> Access:
    city: City = rng.choice([each for each in CITIES if each.country == victim.city.country])
    if rng.random() < _SERVER_SHARE:
        return vpn_exit(city, rng.randrange(3), rng.randrange(2048))
    return fixed_line(city, rng.randrange(1 << 17), rng.randrange(3))


def _in_network(victim: Person, rng: Random) -> Access:
    if victim.kind.home == 0.0 or rng.random() > victim.kind.home:
        return mobile_line(victim.city, rng.randrange(1 << 16))
    return fixed_line(victim.city, rng.randrange(1 << 17), victim.operator)


def _any_browser(rng: Random) -> Handset:
    if rng.random() < _TOOL_SHARE:
        return Handset(f"at-{rng.getrandbits(48):012x}", rng.choice(_TOOLS))
    return _common_browser(rng)


def _common_browser(rng: Random) -> Handset:
    # Drawn like everybody's, and up to date.
    return (phone(rng) if rng.random() < 0.5 else computer(rng)).on(rng.randrange(60))


def _copied(victim: Person, rng: Random) -> Handset:
    if victim.computer is not None and rng.random() < 0.3:
        return victim.computer
    return victim.phone


def at_home(who: Person) -> Hand:
    """The person at home with the phone."""
    return Hand(who.home, who.phone)


def on_the_move(who: Person, access: Access) -> Hand:
    """The person's phone over another line."""
    return Hand(access, who.phone)


def strange(access: Access, device_id: str, user_agent: str) -> Hand:
    """A device nobody knows."""
    return Hand(access, Handset(device_id, user_agent))
