"""The till: what is remembered of the kind of money and the currency moved last, unpacked; all others are rows. Pure.

Most people move one kind of money in one currency. Turning to another one writes the till to its rows and takes the other's out.
"""

from __future__ import annotations

from contracts.money import (
    AMOUNT_BYTES,
    VELOCITY_BYTES,
    add_amount,
    add_velocity,
    amount_key,
    currency_key,
    read_amount,
    read_velocity,
)
from contracts.profile import Profile
from contracts.sightings import row_of


def turn_to(profile: Profile, kind: str, currency: str) -> None:
    """Make the till that of this kind of money and currency. What is remembered stays the same."""
    if currency != profile.till_currency:
        _turn_velocity(profile, currency)
    elif kind == profile.till_kind:
        return
    if profile.till_amount[0]:
        key = amount_key(profile.till_kind, profile.till_currency)
        add_amount(profile.amount_rows, key, *profile.till_amount)
    profile.till_kind, profile.till_currency = kind, currency
    rows = profile.amount_rows
    row = row_of(rows, amount_key(kind, currency), AMOUNT_BYTES)
    if row < 0:
        profile.till_amount = (0, 0.0, 0.0)
        return
    profile.till_amount = read_amount(rows, row)
    del rows[row : row + AMOUNT_BYTES]


def _turn_velocity(profile: Profile, currency: str) -> None:
    rows = profile.velocity_rows
    if profile.till_velocity is not None:
        add_velocity(rows, currency_key(profile.till_currency), *profile.till_velocity)
    row = row_of(rows, currency_key(currency), VELOCITY_BYTES)
    if row < 0:
        profile.till_velocity = None
        return
    profile.till_velocity = read_velocity(rows, row)
    del rows[row : row + VELOCITY_BYTES]
