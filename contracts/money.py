"""What an account's money does, as packed rows: amounts by kind and currency, decayed counts and sums by currency.

Views answer copies; learning writes with `add_amount` and `add_velocity`. A row begins with a MONEY_KEY_BYTES key.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache
from math import exp
from struct import Struct as Layout
from typing import NamedTuple

from msgspec import Struct, field

from contracts.sightings import row_of

#: Stored as the index in this tuple: only ever add at its end.
MONEY_KINDS = ("transfer", "payment", "withdrawal", "top_up", "cash_out", "refund")
#: An account that moves more kinds of money or currencies than this forgets the row that taught least, or longest ago.
MAX_AMOUNTS = 12
MAX_VELOCITIES = 6

#: Of the counts and sums of a Velocity: an hour, a day, a week, thirty days.
TIME_CONSTANTS_S = (3600.0, 86400.0, 604800.0, 2592000.0)

#: The fields of a Velocity, in their order.
Nine = tuple[float, float, float, float, float, float, float, float, float]

_AMOUNT = Layout("<6sIdd")
_AMOUNT_BODY = Layout("<Idd")
_VELOCITY = Layout("<6s9d")
_VELOCITY_BODY = Layout("<9d")
AMOUNT_BYTES = _AMOUNT.size
VELOCITY_BYTES = _VELOCITY.size
MONEY_KEY_BYTES = 6
#: A key is a number whose digits are those of the currency, in this order, and before them the kind of money.
_SIGNS = "\0ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
_DIGITS = {sign: index for index, sign in enumerate(_SIGNS)}
_MOST_SIGNS = 8
_REMEMBERED = 4096

_read_amount = _AMOUNT_BODY.unpack_from
_read_velocity = _VELOCITY_BODY.unpack_from


class AmountStatistics(NamedTuple):
    """Exponentially weighted mean and variance of log(1 + amount), and how many amounts taught it.

    Amounts are in units of `contracts.currencies.units_counted`: in major units of money, in millionths of coins.
    """

    n: int = 0
    mean: float = 0.0
    variance: float = 0.0


class Velocity(NamedTuple):
    """Decayed counts and sums (major units of one currency) as of `at`; time constants 1 h, 1 d, 7 d, 30 d."""

    at: float = 0.0
    count_1h: float = 0.0
    count_1d: float = 0.0
    count_7d: float = 0.0
    count_30d: float = 0.0
    sum_1h: float = 0.0
    sum_1d: float = 0.0
    sum_7d: float = 0.0
    sum_30d: float = 0.0


@lru_cache(_REMEMBERED)
def amount_key(kind: str, currency: str) -> bytes:
    """The key of amounts of a kind of transaction in a currency. Raises KeyError for signs that no currency's code has."""
    number = MONEY_KINDS.index(kind)
    for sign in currency.ljust(_MOST_SIGNS, "\0")[:_MOST_SIGNS]:
        number = number * len(_SIGNS) + _DIGITS[sign]
    return number.to_bytes(MONEY_KEY_BYTES, "big")


@lru_cache(_REMEMBERED)
def amount_named(key: bytes) -> tuple[str, str]:
    """The kind of transaction and the currency that `amount_key` made the key of."""
    number, signs = int.from_bytes(key, "big"), ""
    for _ in range(_MOST_SIGNS):
        number, digit = divmod(number, len(_SIGNS))
        signs = _SIGNS[digit] + signs
    return MONEY_KINDS[number], signs.rstrip("\0")


def currency_key(currency: str) -> bytes:
    """The key of a currency's velocity."""
    return amount_key(MONEY_KINDS[0], currency)


def read_amount(rows: bytearray, row: int) -> tuple[int, float, float]:
    """n, mean and variance of the row at `row`."""
    return _read_amount(rows, row + MONEY_KEY_BYTES)


def add_amount(rows: bytearray, key: bytes, n: int, mean: float, variance: float) -> None:
    """Add a row of a key that has none."""
    if len(rows) >= MAX_AMOUNTS * AMOUNT_BYTES:
        taught = [count for _, count, _, _ in _AMOUNT.iter_unpack(rows)]
        least = taught.index(min(taught)) * AMOUNT_BYTES
        del rows[least : least + AMOUNT_BYTES]
    rows += _AMOUNT.pack(key, n, mean, variance)


def read_velocity(rows: bytearray, row: int) -> Nine:
    """The fields of a Velocity in the row at `row`, in their order."""
    return _read_velocity(rows, row + MONEY_KEY_BYTES)


def add_velocity(rows: bytearray, key: bytes, *fields: float) -> None:
    """Add a row, the fields of a Velocity, of a key that has none."""
    if len(rows) >= MAX_VELOCITIES * VELOCITY_BYTES:
        times = [at for _, at, *_ in _VELOCITY.iter_unpack(rows)]
        oldest = times.index(min(times)) * VELOCITY_BYTES
        del rows[oldest : oldest + VELOCITY_BYTES]
    rows += _VELOCITY.pack(key, *fields)


def together(velocities: Iterable[tuple[Velocity, float]], at: float) -> Velocity:
    """The velocities as one, as of `at` or the latest of them; each has the worth of its unit of money beside it."""
    known = list(velocities)
    latest = max([at, *(velocity.at for velocity, _ in known)])
    sums = [0.0] * (2 * len(TIME_CONSTANTS_S))
    for velocity, unit in known:
        fades = [exp((velocity.at - latest) / tau) for tau in TIME_CONSTANTS_S]
        for index, fade in enumerate(fades):
            sums[index] += velocity[1 + index] * fade
            sums[len(fades) + index] += velocity[1 + len(fades) + index] * fade * unit
    return Velocity(latest, *sums)


class Amounts(Struct, gc=False):
    """Statistics by (kind, currency): rows, and what the till holds `of` one of them that is not in the rows."""

    rows: bytearray = field(default_factory=bytearray)
    of: tuple[str, str] = ("", "")
    till: tuple[int, float, float] = (0, 0.0, 0.0)

    @classmethod
    def table(cls, amounts: Mapping[tuple[str, str], AmountStatistics]) -> Amounts:
        """The mapping as a table."""
        return cls(
            bytearray(b"".join([_AMOUNT.pack(amount_key(*of), *each) for of, each in amounts.items()]))
        )

    def __len__(self) -> int:
        return len(self.rows) // AMOUNT_BYTES + (self.till[0] > 0)

    def get(self, kind: str, currency: str) -> AmountStatistics | None:
        """The statistics of a kind of transaction in a currency, or None."""
        if self.till[0] and self.of == (kind, currency):
            return AmountStatistics(*self.till)
        found = row_of(self.rows, amount_key(kind, currency), AMOUNT_BYTES)
        return None if found < 0 else AmountStatistics(*read_amount(self.rows, found))

    def items(self) -> list[tuple[tuple[str, str], AmountStatistics]]:
        """Every (kind, currency) with its statistics."""
        found = [
            (amount_named(key), AmountStatistics(*told)) for key, *told in _AMOUNT.iter_unpack(self.rows)
        ]
        return [*found, (self.of, AmountStatistics(*self.till))] if self.till[0] else found


class Velocities(Struct, gc=False):
    """Velocity by currency: rows, and what the till holds `of` one that is not in the rows."""

    rows: bytearray = field(default_factory=bytearray)
    of: str = ""
    till: Nine | None = None

    @classmethod
    def table(cls, velocities: Mapping[str, Velocity]) -> Velocities:
        """The mapping as a table."""
        return cls(
            bytearray(b"".join([_VELOCITY.pack(currency_key(of), *each) for of, each in velocities.items()]))
        )

    def __len__(self) -> int:
        return len(self.rows) // VELOCITY_BYTES + (self.till is not None)

    def get(self, currency: str) -> Velocity | None:
        """The velocity of the currency, or None."""
        if self.till is not None and currency == self.of:
            return Velocity(*self.till)
        found = row_of(self.rows, currency_key(currency), VELOCITY_BYTES)
        return None if found < 0 else Velocity(*read_velocity(self.rows, found))

    def items(self) -> list[tuple[str, Velocity]]:
        """Every currency with its velocity."""
        found = [(amount_named(key)[1], Velocity(*told)) for key, *told in _VELOCITY.iter_unpack(self.rows)]
        return [*found, (self.of, Velocity(*self.till))] if self.till is not None else found
