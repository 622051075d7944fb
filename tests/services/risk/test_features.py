"""The vector of a payment: named numbers of the past, finite whatever is missing."""

from __future__ import annotations

from math import isfinite
from typing import Any

import pytest

from contracts.profile import Profile
from services.memory.glance import look
from services.memory.learning import learn, note_event
from services.risk.features import FEATURES, NAMES, UNKNOWN, features
from tests.services.scoring.events import transaction

HOUR_MS = 3_600_000
START_MS = 1_760_000_000_000
PAYEE = b"payee001"


def vector(profile: Profile, tallies: dict[str, int] | None = None, **fields: Any) -> dict[str, float]:
    event = transaction(**fields)
    counted = tallies or {}
    return dict(
        zip(
            NAMES,
            features(event, profile, look(event, profile, counted), counted, {"food": 0.7}),
            strict=True,
        )
    )


def lived(payments: int = 40, amount: str = "20.00") -> Profile:
    profile = Profile()
    for number in range(payments):
        event = transaction(
            occurred_at=START_MS + number * 6 * HOUR_MS, amount=amount, currency="USD", payee_key=PAYEE
        )
        learn(profile, event, number.to_bytes(8, "big"))
        note_event(profile, number.to_bytes(8, "big"), event.at)
    return profile


LATER_MS = START_MS + 40 * 6 * HOUR_MS


def test_names_are_unique_and_as_many_as_the_numbers() -> None:
    assert len(set(NAMES)) == len(NAMES) == len(FEATURES) == len(vector(Profile()))


@pytest.mark.parametrize(
    "fields", [{}, {"amount": "0"}, {"amount": 10**14}, {"balance": "0"}, {"kind": "refund"}]
)
@pytest.mark.parametrize("profile", [Profile(), lived(1), lived()])
def test_every_number_is_finite(fields: dict[str, Any], profile: Profile) -> None:
    assert all(isfinite(number) for number in vector(profile, **fields).values())


def test_the_same_amount_is_strange_or_not_by_the_accounts_own_past() -> None:
    small = vector(lived(amount="20.00"), occurred_at=LATER_MS, amount="500.00", currency="USD")
    large = vector(lived(amount="500.00"), occurred_at=LATER_MS, amount="500.00", currency="USD")
    assert small["amount_usd_log"] == large["amount_usd_log"]
    assert small["amount_z"] > large["amount_z"] + 2.0
    assert small["amount_over_mean_30d"] > 10.0 > 2.0 > large["amount_over_mean_30d"]


def test_a_known_payee_has_a_history_and_a_new_one_has_none() -> None:
    known = vector(lived(), occurred_at=LATER_MS, currency="USD", payee_key=PAYEE)
    new = vector(lived(), occurred_at=LATER_MS, currency="USD", payee_key=b"payee002")
    assert (known["own_payee_new"], known["own_payee_count"]) == (0.0, 40)
    assert (new["own_payee_new"], new["own_payee_age_days"]) == (1.0, UNKNOWN)


def test_confirmed_frauds_at_the_payee_raise_its_risk() -> None:
    counts = {"payee_age_h": 500, "payee_accounts_2d": 3, "payee_count_7d": 10}
    clean, bad = vector(Profile(), counts), vector(Profile(), {**counts, "payee_frauds_7d": 8})
    assert clean["payee_risk_7d"] < 0.01 < 0.4 < bad["payee_risk_7d"]


def test_counts_that_were_not_read_are_unknown_not_zero() -> None:
    assert vector(Profile())["payee_frauds_7d"] == UNKNOWN


def test_whether_the_account_was_reported_before_is_not_among_the_numbers() -> None:
    plain, reported = lived(), lived()
    reported.reported_at = LATER_MS // 1000
    assert vector(plain, occurred_at=LATER_MS) == vector(reported, occurred_at=LATER_MS)


def test_money_that_is_still_held_is_counted_for_a_week_in_its_currency() -> None:
    account = lived()
    for day, currency in ((0, "USD"), (4, "USD"), (5, "USD"), (5, "EUR")):
        event = transaction(occurred_at=LATER_MS + day * 24 * HOUR_MS, amount="900.00", currency=currency)
        learn(account, event, day.to_bytes(8, "big"), held=True)
    at = LATER_MS + 8 * 24 * HOUR_MS
    assert vector(account, occurred_at=at, currency="USD")["held_count_7d"] == 2.0
    assert vector(lived(), occurred_at=at, currency="USD")["held_count_7d"] == 0.0


def test_a_category_stands_by_its_table_and_an_unknown_one_is_average() -> None:
    assert vector(Profile(), category="food")["category_log_odds"] == 0.7
    assert (
        vector(Profile(), category="toys")["category_log_odds"]
        == vector(Profile())["category_log_odds"]
        == 0.0
    )


def test_looking_changes_nothing_that_is_learnt() -> None:
    profile, untouched = lived(), lived()
    vector(profile, occurred_at=LATER_MS, currency="EUR")
    assert profile.amounts.get("transfer", "USD") == untouched.amounts.get("transfer", "USD")
    assert profile.velocity.get("USD") == untouched.velocity.get("USD")
