"""What an account's money does, as packed rows: amounts by kind and currency, decayed counts and sums by currency.

Views answer copies; learning writes with `add_amount` and `add_velocity`. A row begins with a MONEY_KEY_BYTES key.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from struct import Struct as Layout
from typing import NamedTuple

from msgspec import Struct, field

from contracts.sightings import row_of

#: Stored as the index in this tuple: only ever add at its end.
MONEY_KINDS = ("transfer", "payment", "withdrawal", "top_up", "cash_out", "refund")
#: An account that moves more kinds of money or currencies than this forgets the row that taught least, or longest ago.
MAX_AMOUNTS = 12
MAX_VELOCITIES = 6

#: The fields of a Velocity, in their order.
Nine = tuple[float, float, float, float, float, float, float, float, float]

_AMOUNT = Layout("<4sIdd")
_AMOUNT_BODY = Layout("<Idd")
_VELOCITY = Layout("<4s9d")
_VELOCITY_BODY = Layout("<9d")
AMOUNT_BYTES = _AMOUNT.size
VELOCITY_BYTES = _VELOCITY.size
MONEY_KEY_BYTES = 4

_read_amount = _AMOUNT_BODY.unpack_from
_read_velocity = _VELOCITY_BODY.unpack_from


class AmountStatistics(NamedTuple):
    """Exponentially weighted mean and variance of log(1 + amount), and how many amounts taught it."""

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


@cache
def amount_key(kind: str, currency: str) -> bytes:
    """The key of amounts of a kind of transaction in a currency."""
    return bytes([MONEY_KINDS.index(kind)]) + currency.encode("ascii", "replace")[:3].ljust(3, b"\0")


@cache
def currency_key(currency: str) -> bytes:
    """The key of a currency's velocity."""
    return currency.encode("ascii", "replace")[:MONEY_KEY_BYTES].ljust(MONEY_KEY_BYTES, b"\0")


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

    def items(self) -> Iterator[tuple[tuple[str, str], AmountStatistics]]:
        """Every (kind, currency) with its statistics."""
        for key, n, mean, variance in _AMOUNT.iter_unpack(self.rows):
            name = (MONEY_KINDS[key[0]], key[1:].rstrip(b"\0").decode("ascii"))
            yield name, AmountStatistics(n, mean, variance)
        if self.till[0]:
            yield self.of, AmountStatistics(*self.till)

    def within(self, currency: str) -> list[AmountStatistics]:
        """The statistics of every kind of transaction in the currency."""
        return [statistics for (_, other), statistics in self.items() if other == currency]


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
