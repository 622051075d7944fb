"""Amounts come as people's systems send them, and leave in one text that loses no digit."""

from __future__ import annotations

import re
from decimal import Decimal

import iso4217
import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts import currencies
from contracts.amounts import canonical_amount, decimal_text, grouped, major_units, step_places
from contracts.currencies import DECIMALS, ISO_4217, know, minor_exponent, rounded, shown_places

CODES = st.sampled_from(sorted(DECIMALS))
TEXTS = st.from_regex(r"[0-9]{1,15}(\.[0-9]{1,18})?", fullmatch=True).filter(str.isascii)


def test_the_table_is_iso_4217_complete() -> None:
    assert ISO_4217 == {found.code: found.exponent for found in iso4217.Currency}


@pytest.mark.parametrize(
    ("currency", "minor", "major"),
    [
        ("CNY", 41_200, 412.0),
        ("XOF", 20_000, 20_000.0),
        ("UGX", 50_000, 50_000.0),
        ("JPY", 412, 412.0),
        ("KWD", 100_250, 100.25),
        ("IQD", 1000, 1.0),
        ("CLF", 12_345, 1.2345),
        ("UYW", 12_345, 1.2345),
        ("USDT", 120_500_000, 120.5),
        ("BTC", 12_345, 0.00012345),
        ("ETH", 10**18, 1.0),
        ("BGN", 412, 4.12),
    ],
)
def test_an_integer_is_in_minor_units_of_its_currency(currency: str, minor: int, major: float) -> None:
    assert major_units(minor, currency) == major


@given(CODES, st.integers(0, 10**15 - 1))
def test_minor_units_and_the_text_of_them_are_one_amount(currency: str, minor: int) -> None:
    text = canonical_amount(minor, currency)

    assert Decimal(text).scaleb(DECIMALS[currency]) == minor
    assert major_units(text, currency) == major_units(minor, currency)


@given(CODES, TEXTS)
def test_a_canonical_amount_loses_no_digit_and_is_its_own_canonical_text(currency: str, amount: str) -> None:
    text = canonical_amount(amount, currency)

    assert Decimal(text) == Decimal(amount)
    assert canonical_amount(text, currency) == text
    assert Decimal(grouped(text).replace(",", "")) == Decimal(amount)
    assert len(text.partition(".")[2]) >= shown_places(currency)
    assert len(text) <= 34


@given(CODES, TEXTS, TEXTS)
def test_two_amounts_have_one_text_exactly_when_they_are_one(currency: str, some: str, other: str) -> None:
    same = canonical_amount(some, currency) == canonical_amount(other, currency)

    assert same == (Decimal(some) == Decimal(other))


@pytest.mark.parametrize(
    ("amount", "currency", "shown"),
    [
        ("120.5", "USDT", "120.50"),
        ("12.345678", "USDC", "12.345678"),
        ("0.50000000", "BTC", "0.5"),
        ("2", "BTC", "2"),
        ("0.000000000000000001", "ETH", "0.000000000000000001"),
        ("412", "CNY", "412.00"),
        ("412.10", "JPY", "412.1"),
        ("00412.5", "KWD", "412.500"),
        ("12.50", "GOLDX", "12.5"),
        ("50.0", "XAU", "50"),
        (412, "CNY", "4.12"),
        (5, "CNY", "0.05"),
        (0, "KWD", "0.000"),
    ],
)
def test_people_see_as_many_decimals_as_tell_something(amount: str | int, currency: str, shown: str) -> None:
    assert canonical_amount(amount, currency) == shown


@pytest.mark.parametrize(
    ("amount", "said"),
    [
        ("-5.00", "a sign"),
        ("+5.00", "a sign"),
        ("1E3", "an exponent"),
        ("1e3", "an exponent"),
        ("1,000.00", "a separator"),
        ("1_000", "a separator"),
        ("1'000", "a separator"),
        ("1.000.000", "a separator"),
        ("３００", "full-width"),
        ("٣٠٠", "full-width"),
        (" 5.00", "spaces"),
        ("5.00\n", "spaces"),
        ("5.", "no digit on one side"),
        (".5", "no digit on one side"),
        ("", "nothing"),
        ("1234567890123456", "more than 15 digits"),
        ("0.1234567890123456789", "18 after"),
        ("five", "something else"),
        ("NaN", "something else"),
        ("0x10", "something else"),
    ],
)
def test_what_is_not_plain_digits_is_refused_with_the_rule_and_what_it_has(amount: str, said: str) -> None:
    with pytest.raises(ValueError, match="amount must be plain digits") as caught:
        major_units(amount, "CNY")

    assert said in str(caught.value)


@given(st.text(max_size=40))
def test_any_text_is_an_amount_or_refused_with_the_rule(text: str) -> None:
    if re.fullmatch(r"[0-9]{1,15}(\.[0-9]{1,18})?", text):
        assert major_units(text, "CNY") >= 0.0
        return
    with pytest.raises(ValueError, match="plain digits"):
        major_units(text, "CNY")


@pytest.mark.parametrize("currency", ["XAU", "XXX", "GOLDX", "AB12"])
def test_an_integer_without_known_decimals_is_refused_saying_what_to_send(currency: str) -> None:
    with pytest.raises(ValueError, match=f"decimals of {currency} are not known: send decimal text"):
        major_units(412, currency)

    assert major_units("412", currency) == 412.0


@pytest.mark.parametrize("minor", [-1, 10**17, 10**400])
def test_minor_units_beyond_fifteen_digits_are_refused(minor: int) -> None:
    with pytest.raises(ValueError, match="minor units must lie between"):
        major_units(minor, "CNY")


def test_the_operator_adds_his_own_and_cannot_bend_iso_4217() -> None:
    try:
        know({"GOLDX": 4, "USDT": 18})
        assert major_units(12_345, "GOLDX") == 1.2345
        assert minor_exponent("USDT") == 18
        for wrong in ({"CNY": 3}, {"gold": 2}, {"GOLDX": 19}, {"GOLDX": -1}):
            with pytest.raises(ValueError, match=r"decimals of|capital letters"):
                know(wrong)
        assert minor_exponent("GOLDX") == 4
    finally:
        know({})
    assert minor_exponent("GOLDX") is None
    assert minor_exponent("USDT") == 6


# Halves are a shade further away than they look: 0.12 from 0.125 by 0.0050000000000000044.
@given(CODES, st.floats(1e-9, 1e12))
def test_steps_are_fine_enough_and_few_enough_to_halve(currency: str, value: float) -> None:
    places = step_places(value, currency)
    steps = value * 10.0**places

    assert places <= 18
    assert float(decimal_text(round(steps), places)) == pytest.approx(
        value, rel=1e-6, abs=0.500001 / 10**places
    )
    if currency not in currencies.COUNTED_BY_ONE:
        assert 0.99e8 < steps < 1e9 or places in (0, 18)


def test_amounts_of_coins_are_not_rounded_to_nothing() -> None:
    assert rounded(0.00012345, "BTC") == 0.00012345
    assert rounded(1404.6178, "JPY") == 1404.62
