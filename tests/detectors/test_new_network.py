from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.events import PLACELESS, Place
from detectors import new_network
from tests.detectors.build import (
    BEIJING,
    NOW,
    SHANGHAI,
    SUZHOU,
    Kind,
    ask,
    fix,
    found,
    login,
    settled,
    weigh,
)


def test_fires_on_a_network_never_seen_and_holds_nothing_back() -> None:
    assert not found(new_network, login(network="elsewhere"), settled()).quarantine


def test_fires_from_the_third_login_on() -> None:
    assert ask(new_network, login(network="elsewhere"), settled(3)) is not None


def test_quiet_while_fewer_than_three_logins_are_known() -> None:
    assert ask(new_network, login(network="elsewhere"), settled(2)) is None


def test_quiet_on_a_known_network() -> None:
    assert ask(new_network, login(), settled()) is None


def test_quiet_on_a_failed_login() -> None:
    assert ask(new_network, login(network="elsewhere", outcome="failure"), settled()) is None


def test_quiet_when_the_network_is_not_known() -> None:
    assert ask(new_network, login(network=None), settled()) is None


def test_quiet_when_earlier_logins_told_no_network() -> None:
    assert ask(new_network, login(network="first"), settled(networks=())) is None


@pytest.mark.parametrize("kind", ["mobile", "relay", "satellite"])
def test_networks_that_shift_by_themselves_weigh_half(kind: Kind) -> None:
    fixed = weigh(new_network, login(network="elsewhere", device="new"), settled())
    shifting = weigh(new_network, login(network="elsewhere", device="new", kind=kind), settled())

    assert shifting == pytest.approx(fixed / 2)


def test_quiet_on_an_account_that_roams_all_the_time() -> None:
    roamer = settled(16, networks=[f"cafe{n}" for n in range(16)])

    assert ask(new_network, login(network="next"), roamer) is None


@given(st.integers(3, 2000), st.integers(0, 2000))
def test_the_longer_the_history_the_heavier_the_new_network(logins: int, more: int) -> None:
    event = login(network="elsewhere")

    assert weigh(new_network, event, settled(logins + more)) >= weigh(new_network, event, settled(logins))


AT_HOME = [fix(SHANGHAI, NOW - 86_400)]
SUBURB = Place("CN", "Jiading", 31.38, 121.27, 20.0)


@pytest.mark.parametrize("place", [SHANGHAI, SUBURB])
@pytest.mark.parametrize("kind", ["unknown", "residential", "mobile"])
def test_quiet_on_the_own_device_in_the_own_city(place: Place, kind: Kind) -> None:
    event = login(network="elsewhere", kind=kind, place=place)

    assert ask(new_network, event, settled(fixes=AT_HOME)) is None


@pytest.mark.parametrize("device", ["new", None])
def test_another_device_in_the_own_city_is_told(device: str | None) -> None:
    event = login(network="elsewhere", device=device)

    assert ask(new_network, event, settled(fixes=AT_HOME)) is not None


@pytest.mark.parametrize("place", [SUZHOU, BEIJING, Place("CN"), None])
def test_the_own_device_elsewhere_or_nowhere_is_told(place: Place | None) -> None:
    assert ask(new_network, login(network="elsewhere", place=place), settled(fixes=AT_HOME)) is not None


@pytest.mark.parametrize("kind", sorted(PLACELESS))
@pytest.mark.parametrize("place", [SHANGHAI, BEIJING, None])
def test_quiet_on_the_own_device_over_a_network_that_hides_the_place(place: Place | None, kind: Kind) -> None:
    event = login(network="elsewhere", kind=kind, place=place)

    assert ask(new_network, event, settled(fixes=AT_HOME)) is None


@pytest.mark.parametrize("kind", sorted(PLACELESS))
@pytest.mark.parametrize("device", ["new", None])
def test_another_device_over_such_a_network_is_told_in_the_own_city_too(
    device: str | None, kind: Kind
) -> None:
    event = login(network="elsewhere", kind=kind, device=device)

    assert ask(new_network, event, settled(fixes=AT_HOME)) is not None


def test_any_city_where_the_account_has_been_is_its_own() -> None:
    between = settled(fixes=[fix(BEIJING, NOW - 172_800), fix(SHANGHAI, NOW - 86_400)])

    assert ask(new_network, login(network="elsewhere", place=BEIJING), between) is None
