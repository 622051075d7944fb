from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.events import Login
from contracts.profile import DAY_S, Profile
from contracts.traits import see_traits
from detectors import unfamiliar_login
from services.memory.learning import learn
from tests.detectors.build import NEW_YORK, NOW, SUZHOU, Kind, ask, found, key, login, settled, weigh

THIEF = "Firefox 115 Windows computer"


def at_home(logins: int = 40, **fields: Any) -> Profile:
    """An account that has logged in so often with its phone at home, once a day."""
    profile = settled(logins, **fields)
    for day in range(logins):
        see_traits(profile.trait_rows, login().traits, NOW - (logins - day) * DAY_S)
    return profile


def on_the_move(logins: int = 40) -> Profile:
    """An account whose carrier gives it another address each time."""
    profile = Profile()
    for number in range(logins):
        event = login(NOW - (logins - number) * DAY_S, ip=f"gate-{number}~{number}", kind="mobile")
        learn(profile, event, key(f"e{number}"))
    return profile


def place_nats(event: Login, profile: Profile) -> float:
    """What the finding says of the place."""
    finding = found(unfamiliar_login, event, profile)
    assert finding.facts is not None
    nats = finding.facts["place_nats"]
    assert isinstance(nats, float)
    return nats


def test_fires_on_a_new_device_at_a_new_place() -> None:
    event = login(device="other", ip="far", network="far", place=NEW_YORK, agent=THIEF)
    finding = found(unfamiliar_login, event, at_home())

    assert finding.reason == "unfamiliar_login"
    assert finding.quarantine
    assert finding.weight == unfamiliar_login.PARAMS.most_nats


def test_fires_as_place_when_only_the_place_is_new() -> None:
    event = login(device=None, ip="far", network="far", place=NEW_YORK)

    assert found(unfamiliar_login, event, at_home_without_device_ids()).reason == "unfamiliar_place"


def test_fires_on_a_copy_of_the_browser_in_the_home_network_without_its_cookies() -> None:
    event = login(device="other", ip="next-door")

    assert found(unfamiliar_login, event, at_home(1000)).weight > 2.9


def test_fires_as_device_when_an_account_with_devices_is_asked_for_without_one() -> None:
    event = login(device=None, agent=THIEF, ip="gate-39~39", kind="mobile")

    assert found(unfamiliar_login, event, on_the_move()).reason == "unfamiliar_device"


def test_quiet_on_the_known_device_at_a_new_address_of_the_home_network() -> None:
    assert ask(unfamiliar_login, login(ip="next-lease"), at_home(1000)) is None


def test_quiet_on_the_known_device_in_a_cafe_of_the_home_country() -> None:
    assert ask(unfamiliar_login, login(ip="cafe", network="cafe", place=SUZHOU), at_home()) is None


def test_quiet_on_an_updated_browser_at_home() -> None:
    assert ask(unfamiliar_login, login(agent="Chrome 134 Android phone"), at_home(1000)) is None


def test_quiet_on_the_address_that_the_place_database_moved_abroad() -> None:
    assert ask(unfamiliar_login, login(place=NEW_YORK), at_home(1000)) is None


def test_quiet_on_one_more_address_of_an_account_that_is_always_at_another() -> None:
    assert ask(unfamiliar_login, login(ip="gate-99~1", kind="mobile"), on_the_move()) is None


def test_quiet_when_everything_is_known() -> None:
    assert ask(unfamiliar_login, login(), at_home()) is None


def test_quiet_while_fewer_than_three_logins_are_known() -> None:
    event = login(device="other", ip="far", network="far", place=NEW_YORK, agent=THIEF)

    assert ask(unfamiliar_login, event, at_home(2)) is None


def test_quiet_on_a_failed_login() -> None:
    event = login(outcome="failure", device="other", ip="far", network="far", place=NEW_YORK, agent=THIEF)

    assert ask(unfamiliar_login, event, at_home()) is None


def at_home_without_device_ids() -> Profile:
    profile = settled(40, devices=())
    for day in range(40):
        see_traits(profile.trait_rows, login(device=None).traits, NOW - (40 - day) * DAY_S)
    return profile


@pytest.mark.parametrize("logins", [5, 40, 1000])
def test_the_farther_from_home_the_stranger(logins: int) -> None:
    """On a strange device: at home, in the home prefix, the home network, the home country, abroad."""
    where: list[dict[str, Any]] = [
        {},
        {"ip": "home-ip~2"},
        {"ip": "far"},
        {"ip": "far", "network": "far"},
        {"ip": "far", "network": "far", "place": NEW_YORK},
    ]
    weights = [
        weigh(unfamiliar_login, login(device="other", agent=THIEF, **each), at_home(logins), most_nats=99.0)
        for each in where
    ]

    assert all(nearer <= farther for nearer, farther in pairwise(weights)), weights
    assert weights[1] < weights[-1]


@pytest.mark.parametrize("kind", ["vpn", "hosting", "tor"])
def test_a_vpn_halves_what_the_place_says(kind: Kind) -> None:
    plain = place_nats(login(device="other", ip="far", network="far"), at_home())
    loose = place_nats(login(device="other", ip="far", network="far", kind=kind), at_home())

    assert loose == pytest.approx(plain / 2, abs=0.01)


def test_an_unknown_place_says_nothing() -> None:
    event = login(device="other", agent=THIEF, ip=None, network=None, place=None)

    assert place_nats(event, at_home()) == 0.0


def test_a_device_whose_trait_was_forgotten_is_still_known() -> None:
    profile = at_home(40, devices=("phone", "old-tablet"))

    assert ask(unfamiliar_login, login(device="old-tablet"), profile) is None
    assert ask(unfamiliar_login, login(device="stranger", agent=THIEF, ip="far"), profile) is not None


@given(st.integers(3, 500), st.integers(0, 500))
def test_the_longer_the_history_the_stranger_a_stranger(logins: int, more: int) -> None:
    event = login(device="other", ip="far", network="far", place=NEW_YORK, agent=THIEF)
    shorter = weigh(unfamiliar_login, event, at_home(logins), most_nats=99.0)

    assert weigh(unfamiliar_login, event, at_home(logins + more), most_nats=99.0) >= shorter - 1e-6
