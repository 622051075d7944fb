"""The operator's files of money are read whole or refused with file, key and rule; the shipped table is complete and dated."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.currencies import COUNTED_BY_ONE, DECIMALS, ISO_4217, know, minor_exponent
from contracts.exchange import NO_RATES
from services.cli.options import settings_from
from services.platform.currency_files import InvalidCurrencyFile, read_rates, tell_age, use_currencies

RATES = 'as_of = 2026-11-01\n[usd_per_unit]\nUSD = 1\nCNY = 0.14\n"9FUN" = 0.02\n'


def written(folder: Path, text: str) -> Path:
    path = folder / "money.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_every_currency_with_a_minor_unit_and_every_shipped_coin_has_a_rate() -> None:
    known = read_rates(None).usd_per_unit

    assert {code for code, places in ISO_4217.items() if places is not None} <= known.keys()
    assert DECIMALS.keys() - known.keys() == {"ZWL"}


def test_coins_that_stand_for_a_dollar_are_worth_one() -> None:
    rates = read_rates(None)

    assert rates.ratio("USDT", "USD") == 1.0
    assert rates.ratio("USDC", "USDT") == 1.0
    assert {"USDT", "USDC", "USD"} <= COUNTED_BY_ONE


@given(st.sampled_from(sorted(DECIMALS)), st.sampled_from(sorted(DECIMALS)))
def test_there_and_back_is_the_same_amount(some: str, other: str) -> None:
    rates = read_rates(None)
    there, back = rates.ratio(some, other), rates.ratio(other, some)

    assert (there is None) == (back is None)
    if there is not None and back is not None:
        assert there * back == pytest.approx(1.0)


def test_a_rate_that_is_not_known_is_none_but_within_its_currency() -> None:
    assert read_rates(None).ratio("GOLDX", "USD") is None
    assert read_rates(None).ratio("USD", "GOLDX") is None
    assert NO_RATES.ratio("GOLDX", "GOLDX") == 1.0


def test_the_operators_rates_take_the_place_of_the_shipped_ones(tmp_path: Path) -> None:
    rates = read_rates(written(tmp_path, RATES))

    assert rates.as_of == "2026-11-01"
    assert rates.usd_per_unit == {"USD": 1.0, "CNY": 0.14, "9FUN": 0.02}
    assert rates.digest != read_rates(None).digest


def test_the_digest_tells_other_rates_and_other_dates_apart_and_nothing_else(tmp_path: Path) -> None:
    told = [
        read_rates(written(tmp_path, text)).digest
        for text in (
            RATES,
            "# a remark\n" + RATES,
            RATES.replace("0.14", "0.15"),
            RATES.replace("-01\n", "-02\n"),
        )
    ]

    assert told[0] == told[1]
    assert len(set(told)) == 3


@pytest.mark.parametrize(
    ("reading", "text", "said"),
    [
        (read_rates, "as_of = 2026-11-01\n", "usd_per_unit: expected a table"),
        (read_rates, "[usd_per_unit]\nUSD = 1\n", "as_of: expected the date"),
        (read_rates, RATES.replace("2026-11-01", '"yesterday"'), "as_of: expected the date"),
        (read_rates, RATES.replace("2026-11-01", "2026-11-01T00:00:00Z"), "as_of: expected the date"),
        (read_rates, RATES.replace("0.14", "0"), "usd_per_unit.CNY: expected a number above 0"),
        (read_rates, RATES.replace("0.14", "-1"), "usd_per_unit.CNY: expected a number above 0"),
        (read_rates, RATES.replace("0.14", "nan"), "usd_per_unit.CNY: expected a number above 0"),
        (read_rates, RATES.replace("0.14", "inf"), "usd_per_unit.CNY: expected a number above 0"),
        (read_rates, RATES.replace("0.14", "true"), "usd_per_unit.CNY: expected a number above 0"),
        (read_rates, RATES.replace("0.14", '"0.14"'), "usd_per_unit.CNY: expected a number above 0"),
        (read_rates, RATES + "yuan = 0.14\n", "usd_per_unit.yuan: expected a code"),
        (read_rates, "rates = 1\n" + RATES, "unknown key rates"),
        (read_rates, "as_of 2026", "money.toml: "),
        (use_currencies, "[decimals]\nCNY = 3\n", "ISO 4217 says 2"),
        (use_currencies, "[decimals]\nGOLDX = 19\n", "expected 0 to 18"),
        (use_currencies, "[decimals]\nGOLDX = 1.5\n", "whole numbers"),
        (use_currencies, "[decimals]\nGOLDX = true\n", "whole numbers"),
        (use_currencies, "[decimals]\ngold = 2\n", "capital letters"),
        (use_currencies, "decimals = 2\n", "decimals: expected a table"),
        (use_currencies, "[places]\nGOLDX = 2\n", "unknown key places"),
    ],
)
def test_a_wrong_table_of_rates_or_currencies_is_refused_naming_file_key_and_rule(
    tmp_path: Path, reading: Callable[[Path], object], text: str, said: str
) -> None:
    with pytest.raises(InvalidCurrencyFile, match=r"money\.toml") as caught:
        reading(written(tmp_path, text))

    assert said in str(caught.value)
    assert minor_exponent("GOLDX") is None


def test_old_rates_and_shipped_ones_are_said_once_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    rates = read_rates(None)
    day = date.fromisoformat(rates.as_of)
    with caplog.at_level(logging.WARNING):
        assert not tell_age(rates, day, shipped=False)
        assert not caplog.messages
        assert tell_age(rates, day + timedelta(days=60), shipped=False)
        assert not tell_age(rates, day, shipped=True)

    old, shipped = caplog.messages
    assert "60 days old" in old
    assert "PAYGUARD_RATES" in old
    assert "shipped, approximate" in shipped


@pytest.fixture
def _forget() -> Iterator[None]:
    yield
    know({})


@pytest.mark.usefixtures("_forget")
def test_the_operators_currencies_are_known_once_settings_are_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = written(tmp_path, "[decimals]\nGOLDX = 4\nUPOINTS = 0\n")
    monkeypatch.setenv("PAYGUARD_CURRENCIES", str(path))
    settings_from()

    assert (minor_exponent("GOLDX"), minor_exponent("UPOINTS")) == (4, 0)
    monkeypatch.delenv("PAYGUARD_CURRENCIES")
    settings_from()
    assert minor_exponent("GOLDX") is None
