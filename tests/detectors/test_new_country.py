from __future__ import annotations

from math import log

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.events import PLACELESS, Place
from detectors import new_country
from tests.detectors.build import NEW_YORK, NOW, SHANGHAI, Kind, ask, fix, found, login, settled, weigh


def test_fires_on_a_country_never_seen() -> None:
    finding = found(new_country, login(place=NEW_YORK, network="far", ip="far-ip"), settled())

    assert finding.quarantine
    assert (finding.value, finding.baseline) == ("US", "CN")


def test_fires_without_coordinates() -> None:
    assert ask(new_country, login(place=Place("US"), network="far"), settled()) is not None


def test_quiet_while_fewer_than_three_logins_are_known() -> None:
    assert ask(new_country, login(place=NEW_YORK, network="far"), settled(2)) is None


def test_quiet_in_a_known_country() -> None:
    assert ask(new_country, login(), settled()) is None


def test_quiet_on_a_failed_login() -> None:
    assert ask(new_country, login(place=NEW_YORK, outcome="failure"), settled()) is None


@pytest.mark.parametrize("place", [None, Place(city="Nowhere")])
def test_quiet_when_the_country_is_not_known(place: Place | None) -> None:
    assert ask(new_country, login(place=place), settled()) is None


def test_quiet_when_the_database_moved_an_address_the_account_was_at() -> None:
    account = settled(fixes=[fix(SHANGHAI, NOW - 86400, "home-ip")])

    assert ask(new_country, login(place=NEW_YORK, ip="home-ip"), account) is None


@pytest.mark.parametrize("kind", ["vpn", "hosting", "tor", "relay", "mobile", "satellite"])
def test_networks_whose_place_says_little_weigh_half(kind: Kind) -> None:
    plain = weigh(new_country, login(place=NEW_YORK, network="far", device="new"), settled())
    loose = weigh(new_country, login(place=NEW_YORK, network="far", device="new", kind=kind), settled())

    assert loose == pytest.approx(plain / 2)


@pytest.mark.parametrize("kind", sorted(PLACELESS))
def test_quiet_on_the_own_device_over_a_network_that_hides_the_place(kind: Kind) -> None:
    abroad = login(place=NEW_YORK, network="far", kind=kind)

    assert ask(new_country, abroad, settled()) is None
    assert (
        ask(new_country, login(place=NEW_YORK, network="far", device=None, kind=kind), settled()) is not None
    )


def test_a_carrier_abroad_is_a_country_on_the_own_device_too() -> None:
    assert ask(new_country, login(place=NEW_YORK, network="far", kind="mobile"), settled()) is not None


def test_a_known_network_in_a_new_country_weighs_a_quarter() -> None:
    plain = weigh(new_country, login(place=NEW_YORK, network="far"), settled())

    assert weigh(new_country, login(place=NEW_YORK), settled()) == pytest.approx(plain / 4)


@given(st.integers(3, 10_000))
def test_one_country_change_never_weighs_more_than_the_databases_error_allows(logins: int) -> None:
    assert weigh(new_country, login(place=NEW_YORK, network="far"), settled(logins)) < log(0.8 * 16)


@given(st.integers(3, 2000), st.integers(0, 2000))
def test_the_longer_the_history_the_heavier_the_new_country(logins: int, more: int) -> None:
    event = login(place=NEW_YORK, network="far")

    assert weigh(new_country, event, settled(logins + more)) >= weigh(new_country, event, settled(logins))
