"""Currency and country codes are checked by the event itself, as the published schema states them."""

from __future__ import annotations

import json

import pytest

from contracts.errors import Malformed
from contracts.events import Login, Place
from services.events.decode import decode_event

PAYMENT = {
    "type": "transaction",
    "event_id": "e-1",
    "account_id": "u-1",
    "occurred_at": 1_767_225_600_000,
    "amount": "4.00",
    "currency": "CNY",
}


@pytest.mark.parametrize("currency", ["cny", "CN", "CNY\n", "C-Y", "", "CNYCNYCNY", "ÄÖÜ", "ＣＮＹ", "USD "])
def test_a_currency_that_is_no_code_is_refused_every_time(currency: str) -> None:
    """Remembering good texts lets no bad one through the second time."""
    for _ in range(2):
        with pytest.raises(Malformed, match="currency"):
            decode_event(json.dumps({**PAYMENT, "currency": currency}).encode())


@pytest.mark.parametrize("country", ["cn", "C", "CN\n", "C1", "", "CHN", "XX", "ZZ", "QM", "T1"])
def test_a_country_that_is_no_code_is_no_country(country: str) -> None:
    """Remembering good texts lets no bad one through the second time."""
    for _ in range(2):
        with pytest.raises(ValueError, match="country"):
            Login(
                event_id="e",
                account_id="a",
                occurred_at=1_767_225_600_000,
                outcome="success",
                place=Place(country),
            )
