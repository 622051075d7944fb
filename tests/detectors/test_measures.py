from __future__ import annotations

from math import log

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.profile import DAY_S, AmountStatistics
from detectors.measures.amounts import Baseline, lump_amount, usual_amount, usual_log_amount
from detectors.measures.day import near_share
from detectors.measures.familiarity import own_new_share
from detectors.measures.pace import exposure_s, older_rate, poisson_nats
from detectors.measures.places import EARTH_RADIUS_KM, great_circle_km, on_earth

LATITUDES = st.floats(-90, 90)
LONGITUDES = st.floats(-180, 180)
POINTS = st.tuples(LATITUDES, LONGITUDES)


def test_a_quarter_of_the_earth_is_ten_thousand_km() -> None:
    assert great_circle_km(0, 0, 90, 0) == pytest.approx(10_007.6, abs=0.1)


def test_london_to_paris() -> None:
    assert great_circle_km(51.5074, -0.1278, 48.8566, 2.3522) == pytest.approx(343.6, abs=0.5)


@given(POINTS, POINTS, POINTS)
def test_a_detour_is_never_shorter(
    a: tuple[float, float], b: tuple[float, float], c: tuple[float, float]
) -> None:
    assert great_circle_km(*a, *c) <= great_circle_km(*a, *b) + great_circle_km(*b, *c) + 1e-3


@given(POINTS, POINTS)
def test_distance_is_symmetric_and_at_most_half_the_earth(
    a: tuple[float, float], b: tuple[float, float]
) -> None:
    assert great_circle_km(*a, *b) == pytest.approx(great_circle_km(*b, *a))
    assert great_circle_km(*a, *b) <= 3.1416 * EARTH_RADIUS_KM


@pytest.mark.parametrize(("latitude", "longitude"), [(90.1, 0), (-90.1, 0), (0, 180.1), (float("nan"), 0)])
def test_degrees_off_the_earth_are_no_place(latitude: float, longitude: float) -> None:
    assert not on_earth(latitude, longitude)


@given(st.floats(0, 1000), st.floats(0, 1000), st.floats(0.01, 100))
def test_a_larger_count_is_never_less_surprising(some: float, more: float, expected: float) -> None:
    small, large = sorted((some, more))

    assert 0.0 <= poisson_nats(small, expected) <= poisson_nats(large, expected) + 1e-9


def test_a_counter_of_an_old_account_stands_for_its_time_constant() -> None:
    assert exposure_s(10_000 * DAY_S, DAY_S) == pytest.approx(DAY_S)
    assert exposure_s(60.0, DAY_S) == pytest.approx(60.0, rel=0.01)


def test_the_pace_before_a_burst_does_not_count_the_burst() -> None:
    quiet = older_rate(30, 1, 30 * DAY_S, DAY_S, 0.0, 0.0)

    assert older_rate(30 + 50, 1 + 50, 30 * DAY_S, DAY_S, 0.0, 0.0) == pytest.approx(quiet)


def test_the_first_thing_seen_is_no_change() -> None:
    assert own_new_share(1, 1, 0.1, 10.0) == pytest.approx(0.1)


@given(st.integers(1, 12), st.integers(1, 500))
def test_the_share_of_new_things_is_a_share(kinds: int, count: int) -> None:
    assert 0.0 < own_new_share(kinds, kinds * count, 0.1, 10.0) < 1.0


def compared(statistics: AmountStatistics, units: float | None = 1.0) -> Baseline:
    return Baseline(statistics, None, 1.0, units, 1.0, 0.0, False)


def test_usual_amounts_start_at_the_population_and_end_at_the_account() -> None:
    young = usual_log_amount(compared(AmountStatistics(0, 0.0, 0.0)), 40.0)
    old = usual_log_amount(compared(AmountStatistics(10**6, 2.0, 0.04)), 40.0)
    _, deviation = usual_amount(compared(AmountStatistics(10**6, 2.0, 0.04)), 40.0, 1.0)

    assert young == pytest.approx(log(41.0))
    assert old == pytest.approx(2.0, abs=0.001)
    assert deviation == pytest.approx(0.2, abs=0.001)


@given(st.integers(0, 500), st.floats(0, 15), st.sampled_from([1.0, 150.0, None]))
def test_the_usual_amount_is_never_below_the_accounts_own(n: int, mean: float, units: float | None) -> None:
    assert usual_log_amount(compared(AmountStatistics(n, mean, 0.1), units), 40.0) >= mean


def test_sums_of_equal_amounts_grow_in_lumps_of_that_amount() -> None:
    equal = [(AmountStatistics(10**6, log(70.0), 0.0), 1.0)]

    assert lump_amount(equal, 1.0, 40.0, 1.0) == pytest.approx(70.0, rel=0.01)


def test_a_few_large_transfers_make_the_lumps_large() -> None:
    amounts = [(AmountStatistics(100, 3.0, 0.1), 1.0), (AmountStatistics(3, 8.0, 0.1), 1.0)]

    assert 1000 < lump_amount(amounts, 1.0, 40.0, 1.0) < 4000


def test_an_hour_counts_itself_and_in_part_its_neighbours() -> None:
    at_noon = [0] * 12 + [10] + [0] * 11
    shares = [near_share((at_noon, b""), hour, 0.5) for hour in range(24)]

    assert sum(shares) == pytest.approx(1.0)
    assert shares[12] > shares[11] == shares[13] > shares[10] > shares[9] > shares[8]
    assert near_share((), 3, 0.5) == pytest.approx(1 / 24)
