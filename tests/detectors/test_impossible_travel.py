from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.events import Place
from contracts.profile import Fix
from detectors import impossible_travel
from detectors.measures.places import great_circle_km
from tests.detectors.build import (
    BEIJING,
    NEW_YORK,
    NOW,
    SHANGHAI,
    SUZHOU,
    Kind,
    ask,
    fix,
    found,
    key,
    login,
    settled,
    transaction,
    weigh,
)

HOUR_S = 3600.0
PLACES = st.builds(
    Place,
    latitude=st.floats(-90, 90),
    longitude=st.floats(-180, 180),
    accuracy_km=st.floats(0, 200),
)


def flight_s(a: Place, b: Place) -> float:
    assert a.latitude is not None
    assert a.longitude is not None
    assert b.latitude is not None
    assert b.longitude is not None
    return great_circle_km(a.latitude, a.longitude, b.latitude, b.longitude) / 900.0 * HOUR_S


def test_fires_on_another_continent_forty_minutes_later() -> None:
    account = settled(fixes=[fix(SHANGHAI, NOW - 2400)])

    finding = found(impossible_travel, login(place=NEW_YORK), account)

    assert finding.quarantine
    assert finding.weight > 5.0
    assert finding.facts is not None
    assert finding.facts["minutes"] == 40


def test_fires_on_money_asked_from_afar() -> None:
    account = settled(fixes=[fix(SHANGHAI, NOW - 2400)])

    assert ask(impossible_travel, transaction(place=NEW_YORK), account) is not None


def test_fires_on_a_late_event_by_the_place_that_came_after_it() -> None:
    account = settled(fixes=[fix(SHANGHAI, NOW + 2400)])

    assert ask(impossible_travel, login(place=NEW_YORK), account) is not None


def test_fires_on_the_way_there_and_on_the_way_back() -> None:
    there = settled(fixes=[fix(SHANGHAI, NOW - 1800)])
    back = settled(fixes=[fix(SHANGHAI, NOW - 1800), fix(NEW_YORK, NOW - 900, "far-ip")])

    assert ask(impossible_travel, login(place=NEW_YORK), there) is not None
    assert ask(impossible_travel, login(place=SHANGHAI), back) is not None


def test_fires_when_both_places_are_at_the_same_second() -> None:
    assert ask(impossible_travel, login(place=NEW_YORK), settled(fixes=[fix(SHANGHAI, NOW)])) is not None


def test_fires_as_a_note_only_when_a_carrier_places_the_phone() -> None:
    account = settled(fixes=[fix(SHANGHAI, NOW - 2400)])

    finding = found(impossible_travel, login(place=NEW_YORK, kind="mobile"), account)

    assert finding.reason == "travel_by_network"


def test_quiet_when_there_was_time_for_the_flight() -> None:
    account = settled(fixes=[fix(SHANGHAI, NOW - 14 * HOUR_S)])

    assert ask(impossible_travel, login(place=NEW_YORK), account) is None


def test_quiet_below_a_hundred_km_beyond_the_accuracy_radii() -> None:
    assert ask(impossible_travel, login(place=SUZHOU), settled(fixes=[fix(SHANGHAI, NOW - 1)])) is None


def test_quiet_when_the_radii_reach_each_other() -> None:
    vague = Place("CN", "Beijing", 39.90, 116.40, 1050.0)

    assert ask(impossible_travel, login(place=vague), settled(fixes=[fix(SHANGHAI, NOW - 1)])) is None


def test_quiet_at_the_same_address_wherever_the_database_puts_it() -> None:
    account = settled(fixes=[fix(SHANGHAI, NOW - 60, "home-ip")])

    assert ask(impossible_travel, login(place=NEW_YORK, ip="home-ip"), account) is None


def test_quiet_without_an_earlier_place() -> None:
    assert ask(impossible_travel, login(place=NEW_YORK), settled()) is None


def test_quiet_on_a_failed_login() -> None:
    account = settled(fixes=[fix(SHANGHAI, NOW - 60)])

    assert ask(impossible_travel, login(place=NEW_YORK, outcome="failure"), account) is None


@pytest.mark.parametrize(
    "place", [None, Place("US"), Place("US", None, 95.0, 10.0), Place("US", None, 10.0, 181.0)]
)
def test_quiet_when_there_is_no_place_on_earth(place: Place | None) -> None:
    assert ask(impossible_travel, login(place=place), settled(fixes=[fix(SHANGHAI, NOW - 60)])) is None


@pytest.mark.parametrize("kind", ["relay", "mobile", "satellite"])
def test_relays_carriers_and_satellites_are_noted_and_hold_nothing_back(kind: Kind) -> None:
    finding = found(
        impossible_travel, login(place=NEW_YORK, kind=kind), settled(fixes=[fix(SHANGHAI, NOW - 60)])
    )

    assert finding.reason == "travel_by_network"
    assert finding.weight <= 0.2
    assert not finding.quarantine


@pytest.mark.parametrize("kind", ["vpn", "hosting", "tor"])
@pytest.mark.parametrize(("device", "share"), [("new", 2), (None, 2), ("phone", 4)])
def test_a_vpn_lowers_the_weight_more_on_the_own_device_and_does_not_erase_it(
    kind: Kind, device: str | None, share: int
) -> None:
    account = settled(fixes=[fix(SHANGHAI, NOW - 60)])
    plain = weigh(impossible_travel, login(place=NEW_YORK), account)

    rented = login(place=NEW_YORK, network="rented", kind=kind, device=device)
    assert weigh(impossible_travel, rented, account) == pytest.approx(plain / share)


def test_a_vpn_that_the_account_has_used_before_is_noted_and_holds_nothing() -> None:
    account = settled(networks=("home", "usual-vpn"), fixes=[fix(SHANGHAI, NOW - 60)])

    finding = found(impossible_travel, login(place=NEW_YORK, network="usual-vpn", kind="vpn"), account)

    assert finding.reason == "travel_by_network"
    assert finding.weight < 0.5
    assert not finding.quarantine


def test_a_short_hop_minutes_apart_weighs_little() -> None:
    nearby = Place("CN", None, 31.23 + 1.6, 121.47, 20.0)

    weight = weigh(impossible_travel, login(place=nearby), settled(fixes=[fix(SHANGHAI, NOW - 300)]))

    assert weight < 0.5


def test_the_worse_neighbour_counts() -> None:
    before = settled(fixes=[fix(BEIJING, NOW - HOUR_S)])
    both = settled(fixes=[fix(BEIJING, NOW - HOUR_S), fix(NEW_YORK, NOW + HOUR_S)])

    assert weigh(impossible_travel, login(), both) > weigh(impossible_travel, login(), before)


def test_the_edge_is_the_speed_of_an_airliner() -> None:
    account = settled(fixes=[Fix(NOW - HOUR_S, 0.0, 0.0, 0.0, key("other-ip"))])
    degrees_an_hour = 900.0 / 111.195

    slower = login(place=Place(None, None, 0.0, degrees_an_hour - 0.05, 0.0))
    faster = login(place=Place(None, None, 0.0, degrees_an_hour + 0.05, 0.0))

    assert ask(impossible_travel, slower, account) is None
    assert ask(impossible_travel, faster, account) is not None


@given(PLACES, PLACES, st.floats(0, 2 * 86400))
def test_there_weighs_as_much_as_back_and_late_as_much_as_punctual(a: Place, b: Place, gap_s: float) -> None:
    there = weigh(impossible_travel, login(place=b), settled(fixes=[fix(a, NOW - gap_s)]))
    back = weigh(impossible_travel, login(place=a), settled(fixes=[fix(b, NOW - gap_s)]))
    late = weigh(impossible_travel, login(place=b), settled(fixes=[fix(a, NOW + gap_s)]))

    assert there == pytest.approx(back)
    assert there == pytest.approx(late, abs=1e-6)


@given(PLACES, PLACES, PLACES, st.floats(0, 3600), st.floats(0, 3600))
def test_a_trip_whose_legs_are_possible_is_possible(
    a: Place, b: Place, c: Place, first_rest_s: float, second_rest_s: float
) -> None:
    exact = [Place(None, None, place.latitude, place.longitude, 0.0) for place in (a, b, c)]
    middle = NOW - flight_s(exact[1], exact[2]) - second_rest_s
    start = middle - flight_s(exact[0], exact[1]) - first_rest_s

    whole = settled(fixes=[fix(exact[0], start)])

    assert weigh(impossible_travel, login(place=exact[2]), whole, least_distance_km=0.0) < 1e-6


@given(st.floats(0, 179), st.floats(0, 179), st.floats(0, 86400), st.floats(0, 86400))
def test_farther_and_faster_weigh_more(near: float, far: float, short_s: float, long_s: float) -> None:
    near, far = sorted((near, far))
    short_s, long_s = sorted((short_s, long_s))

    def weight(degrees: float, gap_s: float) -> float:
        start = Fix(NOW - gap_s, 0.0, 0.0, 0.0, key("other-ip"))
        return weigh(
            impossible_travel, login(place=Place(None, None, 0.0, degrees, 0.0)), settled(fixes=[start])
        )

    assert weight(far, short_s) >= weight(near, short_s)
    assert weight(far, short_s) >= weight(far, long_s)


def test_places_at_the_same_moment_are_said_to_be_a_minute_apart() -> None:
    there = settled(fixes=[Fix(NOW, 0.0, 0.0, 0.0, key("other-ip"))])

    finding = found(impossible_travel, login(place=Place(None, None, 0.0, 90.0, 0.0)), there)

    assert finding.facts is not None
    assert finding.facts["minutes"] == 1
    assert finding.value == pytest.approx(float(finding.facts["distance_km"] or 0) * 60, rel=0.01)
