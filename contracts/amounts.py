"""Amounts of money on the wire: decimal text, or integers in minor units where the currency's decimals are known."""

from __future__ import annotations

import re
from math import floor, log10

from contracts.currencies import COUNTED_BY_ONE, DECIMALS, MOST_DECIMALS, shown_places

MOST_DIGITS = 15
MONEY_RULE = (
    'money is decimal text such as "412.00", or an integer in minor units, never a floating-point number'
)
_MONEY_PLACES, _STEP_DIGITS = 6, 8

_DECIMAL = re.compile(rf"[0-9]{{1,{MOST_DIGITS}}}(\.[0-9]{{1,{MOST_DECIMALS}}})?")
#: What people send instead of plain digits, and what is then said of it; the first that is found is told.
_FAULTS = (
    (r"\s*", "nothing"),
    (r"\s.*|.*\s", "spaces around it"),
    (r"[+-].*", "a sign"),
    (r"[0-9.,]+[eE].*", "an exponent"),
    (r"[0-9.]*[,_' ][0-9.,_' ]*|[0-9]*(\.[0-9]*){2,}", "a separator"),
    (r"(?=.*[^\x00-\x7f])[\w.．,，]+", "digits or signs that are not ASCII, such as full-width ones"),
    (r"\.[0-9]*|[0-9]*\.", "no digit on one side of the point"),
    (r"[0-9]+(\.[0-9]+)?", f"more than {MOST_DIGITS} digits before the point or {MOST_DECIMALS} after it"),
)


def major_units(amount: str | int, currency: str, name: str = "amount") -> float:
    """The amount in major units: "412.00" and 41200 CNY are both 412.0.

    Raises ValueError that states the rule, by the field's `name`, for anything but plain non-negative digits, and for
    an integer in a currency whose decimals are not known.
    """
    if amount.__class__ is int:
        return _from_minor(amount, currency, name)
    if _DECIMAL.fullmatch(amount) is None:  # type: ignore[arg-type]
        raise ValueError(
            f"{name} must be plain digits such as 412.00, at most {MOST_DIGITS} before the point and {MOST_DECIMALS} "
            f"after it; it has {_fault(amount)}"  # type: ignore[arg-type]
        )
    return float(amount)


def canonical_amount(amount: str | int, currency: str) -> str:
    """The exact amount with the decimals that people see, as digests have it: "412.00".

    An amount finer than that keeps its digits, so two different amounts never look the same, and zeros at the end go, so
    one amount never looks like two. Raises ValueError for an integer in a currency whose decimals are not known.
    """
    if isinstance(amount, int):
        amount = decimal_text(amount, _known_decimals(currency, "amount"))
    whole, _, fraction = amount.partition(".")
    whole = whole.lstrip("0") or "0"
    fraction = fraction.rstrip("0").ljust(shown_places(currency), "0")
    return f"{whole}.{fraction}" if fraction else whole


def grouped(amount: str) -> str:
    """Canonical text with thousands grouped: "4,120.00"; no digit is lost, however many there are."""
    whole, point, fraction = amount.partition(".")
    return f"{int(whole):,}{point}{fraction}"


def decimal_text(count: int, places: int) -> str:
    """`count` units of 10^-`places`, as decimal text: 41200 and 2 are "412.00"."""
    digits = str(count).rjust(places + 1, "0")
    return f"{digits[: len(digits) - places]}.{digits[len(digits) - places :]}" if places else digits


def step_places(value: float, currency: str) -> int:
    """Decimals in which amounts of about `value` are told apart: those of money's minor unit, else for nine digits."""
    if (
        currency in COUNTED_BY_ONE
        and (places := DECIMALS.get(currency)) is not None
        and places <= _MONEY_PLACES
    ):
        return places
    return min(max(_STEP_DIGITS - (floor(log10(value)) if value > 0.0 else 0), 0), MOST_DECIMALS)


def _from_minor(amount: int, currency: str, name: str) -> float:
    places = _known_decimals(currency, name)
    if not 0 <= amount < 10 ** (MOST_DIGITS + places):
        raise ValueError(
            f"{name} in minor units must lie between 0 and 10^{MOST_DIGITS + places}, {MOST_DIGITS} digits of {currency}"
        )
    return float(amount / 10**places)


def _known_decimals(currency: str, name: str) -> int:
    places = DECIMALS.get(currency)
    if places is None:
        raise ValueError(
            f'{name} is an integer, but the decimals of {currency} are not known: send decimal text such as "412.00", or '
            "name the decimals in the file of PAYGUARD_CURRENCIES"
        )
    return places


def _fault(amount: str) -> str:
    return next((said for pattern, said in _FAULTS if re.fullmatch(pattern, amount)), "something else")
