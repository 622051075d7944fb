"""Whoever sends integers is shown once what sum they were read as."""

from __future__ import annotations

import json

import pytest

from contracts.events import Transaction
from services.api.offered import Offered, checked, read_body
from services.api.warnings import EventWarning, MinorUnits
from services.events.adapters import JSON

PAYMENT = {"type": "transaction", "event_id": "e-1", "account_id": "u-1", "occurred_at": 1_767_225_600_000}


def payment(amount: int | str, currency: str) -> Transaction:
    event, *_ = checked(json.dumps({**PAYMENT, "amount": amount, "currency": currency}).encode())
    assert isinstance(event, Transaction)
    return event


@pytest.mark.parametrize(
    ("amount", "currency", "said"),
    [
        (412, "CNY", "412 minor units: 4.12 CNY"),
        (412, "JPY", "412 minor units: 412 JPY"),
        (1_234_567, "KWD", "1234567 minor units: 1,234.567 KWD"),
        (120_500_000, "USDT", "120500000 minor units: 120.50 USDT"),
        (10**18, "ETH", "1000000000000000000 minor units: 1 ETH"),
    ],
)
def test_the_sum_is_repeated_as_it_was_read(amount: int, currency: str, said: str) -> None:
    told = list(MinorUnits()(payment(amount, currency), {}, "key"))

    assert told == [EventWarning("amount_in_minor_units", "amount", said)]


def test_each_key_is_told_once_a_currency_and_never_of_decimal_text() -> None:
    check = MinorUnits()

    def told(amount: int | str, currency: str, key_id: str) -> int:
        return len(list(check(payment(amount, currency), {}, key_id)))

    assert told("412", "CNY", "a") == 0
    assert [told(412, "CNY", "a"), told(500, "CNY", "a")] == [1, 0]
    assert [told(412, "JPY", "a"), told(412, "CNY", "b"), told(412, "CNY", "a")] == [1, 1, 0]


def test_a_rehearsal_is_always_told() -> None:
    check = MinorUnits()

    assert [len(list(check(payment(412, "CNY"), {}, ""))) for _ in range(3)] == [1, 1, 1]


def test_the_answer_about_an_event_carries_it() -> None:
    body = json.dumps({**PAYMENT, "amount": 412, "currency": "CNY"}).encode()
    (offer,) = read_body(body, JSON, "a-key-of-this-test")

    assert isinstance(offer, Offered)
    assert [(each.code, each.detail) for each in offer.warnings] == [
        ("amount_in_minor_units", "412 minor units: 4.12 CNY")
    ]
