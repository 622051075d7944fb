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
_TAIL = Layout("<" + len(LEVELS) * "6sHHB")
_DAYS_IN_TAIL = range(1, 4 * len(LEVELS), 4)
_pack_row, _read_count = _ROW.pack, _COUNT.unpack_from
_read_tail, _write_tail = _TAIL.unpack_from, _TAIL.pack_into
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
    end = len(rows) - _TAIL_BYTES
    if end < 0:
        for level, start in _LEVEL_STEPS:
            rows += _pack_row(traits[start : start + TRAIT_BYTES], day, _UNIT, level)
        return
    tail, before = list(_read_tail(rows, end)), bytearray()
    for level, start in _LEVEL_STEPS:
        index, key = 4 * level, traits[start : start + TRAIT_BYTES]
        if tail[index] == key:
            if tail[index + 1] == day:
                tail[index + 2] = min(tail[index + 2] + _UNIT, _MOST)
            else:
                tail[index + 1], tail[index + 2] = _counted(tail[index + 1], tail[index + 2], day)
            continue
        before += _pack_row(*tail[index : index + 4])
        row = row_of(rows, key, ROW_BYTES)
        tail[index] = key
        if row < 0:
            tail[index + 1], tail[index + 2] = day, _UNIT
            continue
        known_day, count = _read_count(rows, row + TRAIT_BYTES)
        tail[index + 1], tail[index + 2] = _counted(known_day, count, day)
        del rows[row : row + ROW_BYTES]
        end -= ROW_BYTES
    if before:
        rows[end:end] = before
        del rows[: max(0, len(rows) - MAX_TRAITS * ROW_BYTES)]
    _write_tail(rows, len(rows) - _TAIL_BYTES, *tail)


def see_latest_again(rows: bytearray, at: float, times: int) -> None:
    """Count so many further events with the very traits of the latest one, all of them on the day of `at`."""
    start = len(rows) - _TAIL_BYTES
    if start < 0:  # the visit began before traits were kept
        return
    day = int(at / _DAY_S) & 0xFFFF
    tail = list(_read_tail(rows, start))
    for index in _DAYS_IN_TAIL:
        tail[index], tail[index + 1] = _counted(tail[index], tail[index + 1], day, times)
    _write_tail(rows, start, *tail)


def _counted(known_day: int, count: int, day: int, times: int = 1) -> tuple[int, int]:
    """Day and count after so many more on `day`; what is from before the known day counts as much as is left of it."""
    if day == known_day:
        count += times * _UNIT
    elif day > known_day:
        count = round(count * _kept(day - known_day)) + times * _UNIT
        known_day = day
    else:
        count += times * round(_UNIT * _kept(known_day - day))
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

    def survey(self, traits: bytes, at: float) -> tuple[list[float], list[float], list[int]]:
        """By level, in the order of LEVELS: the count of the event's own trait, those of all traits together, and how many
        different traits these are. Counts are decayed to `at`; one pass over the rows."""
        day_now = int(at / _DAY_S)
        own = [traits[start : start + TRAIT_BYTES] for start in _STEPS]
        counts, together, distinct = [0.0] * len(LEVELS), [0.0] * len(LEVELS), [0] * len(LEVELS)
        for key, day, units, level in _ROW.iter_unpack(self.rows):
            count = units / _UNIT if day >= day_now else units / _UNIT * _kept(day_now - day)
            distinct[level] += 1
            together[level] += count
            if key == own[level]:
                counts[level] = count
        return counts, together, distinct

    def sums(self, at: float) -> tuple[list[int], list[float]]:
        """How many traits of each level are remembered, and their decayed counts together, in the order of LEVELS."""
        _, together, distinct = self.survey(b"", at)
        return distinct, together

    def counts(self, traits: bytes, at: float) -> tuple[float, ...]:
        """The count of each of an event's traits, in the order of LEVELS."""
        return tuple(self.count(traits[start : start + TRAIT_BYTES], at) for start in _STEPS)
