"""What events of an account had in common at each level: address, prefix, network, country; agent to kind; device.

Each trait is a row of its key, the day it was last seen, a count that halves every HALF_LIFE_DAYS, and its level. The rows of the
latest event stand last, in the order of LEVELS; the table forgets from its beginning. Keys differ from level to level,
so one table holds all. An unknown value is a trait too: its key is that of the level's `nothing`.
"""

from __future__ import annotations

from functools import lru_cache
from struct import Struct as Layout

from msgspec import Struct, field

from contracts.sightings import row_of

#: The levels in the order of an event's keys: everything, two ladders from fine to coarse, and the device.
LEVELS = ("all", "address", "prefix", "network", "country", "agent", "browser", "system", "kind", "device")
TRAIT_BYTES = 6
TRAITS_BYTES = TRAIT_BYTES * len(LEVELS)
#: Traits an account keeps.
MAX_TRAITS = 30
HALF_LIFE_DAYS = 75.0

#: Where the key of the user agent stands among an event's keys, and that of the address.
AGENT = slice(5 * TRAIT_BYTES, 6 * TRAIT_BYTES)
ADDRESS = slice(1 * TRAIT_BYTES, 2 * TRAIT_BYTES)

_DAY_S = 86_400.0
_ROW = Layout("<6sHHB")
_COUNT = Layout("<HH")
ROW_BYTES = _ROW.size
_TAIL_BYTES = len(LEVELS) * ROW_BYTES
_UNIT = 64
_MOST = 65_535
_STEPS = range(0, TRAITS_BYTES, TRAIT_BYTES)
_LEVEL_STEPS = tuple(enumerate(_STEPS))
_pack_row, _read_count, _write_count = _ROW.pack, _COUNT.unpack_from, _COUNT.pack_into
_ALL = b"all..."


def nothing(level: str) -> bytes:
    """The key of a level at which the event says nothing."""
    return b"-" + level.encode()[:5].ljust(5, b"-")


#: An event that says nothing at all.
NO_TRAITS = _ALL + b"".join(nothing(level) for level in LEVELS[1:])


@lru_cache(maxsize=1024)
def _kept(days: int) -> float:
    """What is left of a count after so many days: 2^(-days / HALF_LIFE_DAYS)."""
    return float(0.5 ** (days / HALF_LIFE_DAYS))


def see_traits(rows: bytearray, traits: bytes, at: float) -> None:
    """Count the traits of an event at `at`; their rows are the last ones afterwards."""
    day = int(at / _DAY_S) & 0xFFFF
    tail = []
    for level, start in _LEVEL_STEPS:
        key = traits[start : start + TRAIT_BYTES]
        row = row_of(rows, key, ROW_BYTES)
        if row < 0:
            tail.append(_pack_row(key, day, _UNIT, level))
            continue
        known_day, count = _read_count(rows, row + TRAIT_BYTES)
        del rows[row : row + ROW_BYTES]
        known_day, count = _counted(known_day, count, day, 1)
        tail.append(_pack_row(key, known_day, count, level))
    rows += b"".join(tail)
    if len(rows) > MAX_TRAITS * ROW_BYTES:
        del rows[: len(rows) - MAX_TRAITS * ROW_BYTES]


def see_latest_again(rows: bytearray, at: float, times: int) -> None:
    """Count further events with the very traits of the latest one, the last of them at `at`."""
    if len(rows) < _TAIL_BYTES:  # the visit began before traits were kept
        return
    day = int(at / _DAY_S) & 0xFFFF
    for row in range(len(rows) - _TAIL_BYTES + TRAIT_BYTES, len(rows), ROW_BYTES):
        known_day, count = _read_count(rows, row)
        _write_count(rows, row, *_counted(known_day, count, day, times))


def _counted(known_day: int, count: int, day: int, times: int) -> tuple[int, int]:
    """Day and count after `times` more on `day`; an event from before the known day counts as much as is left of it."""
    if day > known_day:
        count = round(count * _kept(day - known_day)) + _UNIT * times
        known_day = day
    elif day == known_day:
        count += _UNIT * times
    else:
        count += round(_UNIT * times * _kept(known_day - day))
    return known_day, count if count < _MOST else _MOST


class Traits(Struct, gc=False):
    """Decayed counts by key: a view of rows."""

    rows: bytearray = field(default_factory=bytearray)

    def __len__(self) -> int:
        return len(self.rows) // ROW_BYTES

    def __contains__(self, key: object) -> bool:
        return isinstance(key, bytes) and row_of(self.rows, key, ROW_BYTES) >= 0

    def count(self, key: bytes, at: float) -> float:
        """How often the trait was seen, decayed to `at` (epoch seconds); 0 for never."""
        row = row_of(self.rows, key, ROW_BYTES)
        if row < 0:
            return 0.0
        day, count = _read_count(self.rows, row + TRAIT_BYTES)
        return float(count / _UNIT * _kept(max(0, int(at / _DAY_S) - day)))

    def sums(self, at: float) -> tuple[list[int], list[float]]:
        """How many traits of each level are remembered, and their decayed counts together, in the order of LEVELS."""
        day_now = int(at / _DAY_S)
        distinct, together = [0] * len(LEVELS), [0.0] * len(LEVELS)
        for _, day, count, level in _ROW.iter_unpack(self.rows):
            distinct[level] += 1
            together[level] += count * _kept(day_now - day if day_now > day else 0)
        return distinct, [each / _UNIT for each in together]

    def counts(self, traits: bytes, at: float) -> tuple[float, ...]:
        """The count of each of an event's traits, in the order of LEVELS."""
        return tuple(self.count(traits[start : start + TRAIT_BYTES], at) for start in _STEPS)
