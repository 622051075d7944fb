"""Tables of money stay small and answer what was written."""

from __future__ import annotations

from itertools import product

from contracts.money import (
    MAX_AMOUNTS,
    MAX_VELOCITIES,
    MONEY_KINDS,
    Amounts,
    AmountStatistics,
    Velocities,
    Velocity,
    add_amount,
    add_velocity,
    amount_key,
    currency_key,
)

CURRENCIES = ("CNY", "USD", "EUR", "JPY", "GBP", "CHF", "SEK")


def test_every_kind_of_money_has_its_place() -> None:
    every = {
        pair: AmountStatistics(n, n / 2, n / 4) for n, pair in enumerate(product(MONEY_KINDS, ("CNY", "USD")))
    }

    assert dict(Amounts.table(every).items()) == every


def test_what_is_not_there_is_none() -> None:
    assert Amounts().get("payment", "CNY") is None
    assert Velocities().get("CNY") is None


def test_a_full_table_of_amounts_forgets_the_row_that_taught_least() -> None:
    rows = bytearray()
    for n, (kind, currency) in enumerate(product(MONEY_KINDS, CURRENCIES[:3])):
        add_amount(rows, amount_key(kind, currency), 100 - n, 1.0, 1.0)

    assert len(Amounts(rows)) == MAX_AMOUNTS
    assert Amounts(rows).get("transfer", "CNY") is not None


def test_a_full_table_of_velocities_forgets_the_currency_not_used_for_longest() -> None:
    rows = bytearray()
    for at, currency in enumerate(CURRENCIES):
        add_velocity(rows, currency_key(currency), *Velocity(at=float(at)))

    assert len(Velocities(rows)) == MAX_VELOCITIES
    assert Velocities(rows).get(CURRENCIES[0]) is None
    assert Velocities(rows).get(CURRENCIES[-1]) == Velocity(at=6.0)


def test_the_kinds_are_those_of_transactions() -> None:
    from typing import get_args, get_type_hints

    from contracts.events import Transaction

    assert set(MONEY_KINDS) == set(get_args(get_type_hints(Transaction)["kind"]))
