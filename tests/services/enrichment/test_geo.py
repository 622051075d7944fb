from __future__ import annotations

import pytest

from services.enrichment.geo import place_of


@pytest.mark.parametrize(
    "record",
    [
        {"country_code": "US"},
        {"country_code": "US", "city": "Austin", "latitude": 30.3, "longitude": -97.7, "state1": "Texas"},
    ],
)
def test_flat_records_of_repackaged_databases_name_places_too(record: dict[str, object]) -> None:
    place = place_of(record)

    assert place is not None
    assert place.country == "US"
    assert place.city == record.get("city")
    assert place.latitude == record.get("latitude")


def test_a_record_without_country_and_coordinates_is_no_place() -> None:
    assert place_of({"city": "Nowhere"}) is None
    assert place_of({"country_code": "usa"}) is None
