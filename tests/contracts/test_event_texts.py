"""Currency and country codes are checked by the event itself, as the published schema states them."""

from __future__ import annotations

import pytest

from contracts.errors import Malformed
from contracts.events import Place
from services.events.decode import decode_event
from tests.services.events.wire import wire
from tests.services.scoring.events import login


@pytest.mark.parametrize("currency", ["cny", "CN", "CNY\n", "C-Y", "", "CNYCNYCNY", "ÄÖÜ", "ＣＮＹ", "USD "])
def test_a_currency_that_is_no_code_is_refused_every_time(currency: str) -> None:
    """Remembering good texts lets no bad one through the second time."""
    for _ in range(2):
        with pytest.raises(Malformed, match="currency"):
            decode_event(wire("transaction", currency=currency))


@pytest.mark.parametrize("country", ["cn", "C", "CN\n", "C1", "", "CHN", "XX", "ZZ", "QM", "T1"])
def test_a_country_that_is_no_code_is_no_country(country: str) -> None:
    """Remembering good texts lets no bad one through the second time."""
    for _ in range(2):
        with pytest.raises(ValueError, match="country"):
            login(place=Place(country))
