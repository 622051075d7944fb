"""`make` reads no file of tests in which it can want nothing, and every file in which it may want something."""

from __future__ import annotations

import pytest

from tests.kinds import HERE, PLACES, may_hold, place_of

QUICK = "not e2e and not real and not chaos and not browser and not bench"
ALONE = "(real or chaos) and (chaos or timed) and not bench"
BOUNDARIES = "services/api/test_openapi_boundaries.py"


@pytest.mark.parametrize(
    ("expression", "read"),
    [
        (QUICK, {"chaos", "services/mfa", "elsewhere"}),
        ("e2e and not timed and not real", {"e2e", "services/mfa"}),
        (
            "real and not (chaos or timed) and not bench",
            {"chaos", "e2e", "services/mfa", BOUNDARIES, "elsewhere"},
        ),
        (ALONE, {"chaos", "e2e"}),
        ("browser", {"browser"}),
        ("data", {*PLACES, "elsewhere"}),
    ],
)
def test_a_place_is_read_where_it_may_hold_what_is_wanted(expression: str, read: set[str]) -> None:
    places = {name: place_of(HERE / name) for name in (*PLACES, "elsewhere")}

    assert read == {name for name, place in places.items() if may_hold(place, expression)}


def test_every_place_is_there() -> None:
    assert [] == [name for name in PLACES if not (HERE / name).exists()]
