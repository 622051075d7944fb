"""The operator's files of money, read when a process starts: decimals of his own currencies, and what currencies are worth."""

from __future__ import annotations

import hashlib
import logging
import tomllib
from datetime import date, datetime
from importlib.resources import files
from math import isfinite
from pathlib import Path
from typing import Any

from contracts import currencies
from contracts.exchange import ExchangeRates

log = logging.getLogger(__name__)

SHIPPED_RATES = "rates.default.toml"
#: From this age on the table of rates is said to be old.
OLD_RATES_DAYS = 31


class InvalidCurrencyFile(ValueError):
    """A file of currencies or rates that says something else than it may; the message names file, key and rule."""


def use_currencies(path: Path | None) -> None:
    """Know the operator's currencies beside the shipped ones: a TOML file with one table, `decimals`, of codes to 0..18.

    Raises InvalidCurrencyFile, FileNotFoundError.
    """
    if path is None:
        currencies.know({})
        return
    said = _read(path.read_bytes(), str(path))
    decimals = said.pop("decimals", {})
    if said:
        raise InvalidCurrencyFile(
            f"{path}: unknown key {next(iter(said))}; known here: decimals, a table such as [decimals]"
        )
    if not isinstance(decimals, dict) or not all(_is_integer(places) for places in decimals.values()):
        raise InvalidCurrencyFile(f"{path}: decimals: expected a table of whole numbers, such as GOLDX = 4")
    try:
        currencies.know(decimals)
    except ValueError as error:
        raise InvalidCurrencyFile(f"{path}: {error}") from None


def read_rates(path: Path | None) -> ExchangeRates:
    """The rates of a TOML file, or the shipped ones. Raises InvalidCurrencyFile, FileNotFoundError."""
    if path is None:
        content, name = files("services.platform").joinpath(SHIPPED_RATES).read_bytes(), SHIPPED_RATES
    else:
        content, name = path.read_bytes(), str(path)
    said = _read(content, name)
    as_of, rates = said.pop("as_of", None), said.pop("usd_per_unit", None)
    if said:
        raise InvalidCurrencyFile(f"{name}: unknown key {next(iter(said))}; known here: as_of, usd_per_unit")
    if not isinstance(as_of, date) or isinstance(as_of, datetime):
        raise InvalidCurrencyFile(f"{name}: as_of: expected the date of the rates, such as 2026-01-31")
    if not isinstance(rates, dict) or not rates:
        raise InvalidCurrencyFile(f"{name}: usd_per_unit: expected a table such as EUR = 1.17")
    known = {code: _rate(code, rate, name) for code, rate in rates.items()}
    told = repr((as_of.isoformat(), sorted(known.items())))
    return ExchangeRates(as_of.isoformat(), hashlib.sha256(told.encode()).hexdigest()[:8], known)


def tell_age(rates: ExchangeRates, today: date, shipped: bool) -> bool:
    """Log whether the rates are old or only the shipped ones; True when they are old."""
    age_days = (today - date.fromisoformat(rates.as_of)).days
    old = age_days > OLD_RATES_DAYS
    if old or shipped:
        log.warning(
            "amounts are compared over currencies by %s rates of %s, %d days old%s",
            "the shipped, approximate" if shipped else "the",
            rates.as_of,
            age_days,
            "; name a newer table with PAYGUARD_RATES" if old else "; name your own with PAYGUARD_RATES",
        )
    return old


def _rate(code: str, rate: Any, name: str) -> float:
    if not currencies.is_code(code):
        raise InvalidCurrencyFile(
            f"{name}: usd_per_unit.{code}: expected a code of 3 to 8 capital letters or digits"
        )
    if not (_is_integer(rate) or isinstance(rate, float)) or not isfinite(rate) or rate <= 0:
        raise InvalidCurrencyFile(f"{name}: usd_per_unit.{code}: expected a number above 0, got {rate!r}")
    return float(rate)


def _is_integer(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _read(content: bytes, name: str) -> dict[str, Any]:
    try:
        return tomllib.loads(content.decode())
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise InvalidCurrencyFile(f"{name}: {error}") from None
