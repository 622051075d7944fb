"""The figures of impossible_travel: how much a journey weighs, from where on it is one, and what its sentence says."""

from __future__ import annotations

from math import exp
from typing import Any

import pytest
from msgspec.structs import replace

from contracts.events import Place
from contracts.findings import Finding
from contracts.profile import Fix
from detectors import impossible_travel
from tests.detectors.build import BEIJING, NEW_YORK, NOW, SHANGHAI, ask, fix, found, key, login, settled


def there_and_here(
    degrees: float, apart_s: float = 0.0, *, there_km: float = 0.0, here_km: float = 0.0, **more: Any
) -> Finding | None:
    """The answer for two places on the equator, so many degrees of 111.195 km apart."""
    account = settled(fixes=[Fix(NOW - apart_s, 0.0, 0.0, there_km, key("other-ip"))])
    place = Place("GA", None, 0.0, degrees, here_km)
    return ask(impossible_travel, login(place=place, **more), account)


def test_the_weight_nears_the_most_as_more_hours_of_the_trip_are_missing() -> None:
    # 20 degrees are 2,223.9 km: 2.471 hours at 900 km/h, of which half an hour passed.
    finding = there_and_here(20.0, 1800.0)

    assert finding is not None
    assert finding.weight == pytest.approx(6.0 * (1.0 - exp(-(2.471 - 0.5) / 2.0)), abs=1e-3)
    assert (finding.detector, finding.family, finding.reason) == (
        "impossible_travel",
        "familiarity",
        "impossible_travel",
    )
    assert (finding.value, finding.threshold, finding.quarantine) == (4448, 900, True)
    assert finding.facts == {"distance_km": 2224, "minutes": 30, "network_kind": "residential"}


def test_what_the_places_may_be_off_shortens_the_way() -> None:
    exact, vague = there_and_here(20.0), there_and_here(20.0, there_km=300.0, here_km=200.0)

    assert exact is not None
    assert vague is not None
    assert exact.facts is not None
    assert vague.facts is not None
    assert exact.facts["distance_km"] == 2224
    assert vague.facts["distance_km"] == 1724


def test_an_accuracy_below_nothing_is_nothing() -> None:
    assert there_and_here(20.0, there_km=-300.0, here_km=-200.0) == there_and_here(20.0)


def test_a_hundred_kilometres_are_no_journey() -> None:
    assert there_and_here(99.9 / 111.195) is None
    assert there_and_here(100.1 / 111.195) is not None


def test_at_least_a_minute_is_said_to_have_passed_and_more_when_it_has() -> None:
    said = [there_and_here(20.0, apart_s) for apart_s in (1.0, 60.0, 150.0)]

    assert [each.facts["minutes"] for each in said if each and each.facts] == [1, 1, 2]
    assert [each.value for each in said if each] == [133434, 133434, 53374]


def test_a_network_of_unknown_kind_is_said_to_be_so() -> None:
    account = settled(fixes=[Fix(NOW, 0.0, 0.0, 0.0, key("other-ip"))])
    event = replace(login(place=Place("GA", None, 0.0, 20.0, 0.0)), network=None)
    finding = found(impossible_travel, event, account)

    assert finding.facts is not None
    assert finding.facts["network_kind"] == "unknown"


@pytest.mark.parametrize("missing", ["latitude", "longitude"])
def test_half_a_point_is_no_place(missing: str) -> None:
    half = replace(NEW_YORK, **{missing: None})

    assert ask(impossible_travel, login(place=half), settled(fixes=[fix(SHANGHAI, NOW - 60)])) is None


def test_of_two_neighbours_the_one_over_the_same_address_says_nothing() -> None:
    far = [fix(SHANGHAI, NOW - 2400), fix(BEIJING, NOW + 2400, "home-ip")]
    near = [fix(BEIJING, NOW - 2400, "home-ip"), fix(SHANGHAI, NOW + 2400)]
    alone = ask(impossible_travel, login(place=NEW_YORK), settled(fixes=far[:1]))

    assert ask(impossible_travel, login(place=NEW_YORK), settled(fixes=far)) == alone
    assert ask(impossible_travel, login(place=NEW_YORK), settled(fixes=near)) == alone


def test_of_two_impossible_ways_the_sentence_tells_the_worse() -> None:
    worse = Fix(NOW - 60, 0.0, 0.0, 0.0, key("other-ip"))
    lesser = Fix(NOW + 120, 0.0, 10.0, 0.0, key("third-ip"))
    event = login(place=Place("GA", None, 0.0, 20.0, 0.0))
    both = ask(impossible_travel, event, settled(fixes=[worse, lesser]))

    assert both == ask(impossible_travel, event, settled(fixes=[worse]))
