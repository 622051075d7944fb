"""What events of an account had in common at each level: address, prefix, network, country; agent to kind; device.

An event has two sets of keys: where it came from, and what it came with. Each set that was seen is a row of its keys, the day
it was last seen and a count that halves every HALF_LIFE_DAYS; a level counts what its rows count together. Rows stand in the
order in which they were last seen, those of the latest event last. Of too many, the one not seen for longest loses its fine
keys and joins what lost the same ones before. An unknown value has a key too: that of the level's `nothing`.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from struct import Struct as Layout
from typing import NamedTuple

from msgspec import Struct, field

from contracts.sightings import row_of

#: The levels in the order of an event's keys: where from, fine to coarse, and everything; what with, fine to coarse.
LEVELS = ("address", "prefix", "network", "country", "all", "agent", "browser", "system", "kind", "device")
TRAIT_BYTES = 4
TRAITS_BYTES = TRAIT_BYTES * len(LEVELS)
HALF_LIFE_DAYS = 75.0

#: Where the key of each level stands among an event's keys, and where the two sets do.
AT = {level: slice(TRAIT_BYTES * index, TRAIT_BYTES * (index + 1)) for index, level in enumerate(LEVELS)}
WHERE, WITH = slice(0, TRAITS_BYTES // 2), slice(TRAITS_BYTES // 2, TRAITS_BYTES)
ALL = b"all."

_DAY_S = 86_400.0
_SET_BYTES = TRAITS_BYTES // 2
_COUNT = Layout("<HH")
ROW_BYTES = _SET_BYTES + _COUNT.size
_TAIL_BYTES = 2 * ROW_BYTES
_ROW = Layout(f"<{_SET_BYTES}sHH")
_UNIT = 64
_MOST = 65_535
_read, _write, _pack = _COUNT.unpack_from, _COUNT.pack_into, _COUNT.pack
_OF_WHERE = len(LEVELS) // 2
_STEPS = tuple(enumerate(range(0, _SET_BYTES, TRAIT_BYTES)))


def nothing(level: str) -> bytes:
    """The key of a level at which the event says nothing."""
    return b"-" + level.encode()[: TRAIT_BYTES - 1]


#: An event that says nothing at all.
NO_TRAITS = b"".join(ALL if level == "all" else nothing(level) for level in LEVELS)


class _Kind(NamedTuple):
    """One of the two sets: how many rows of it are kept with all keys and with coarse ones, and which keys are fine."""

    is_where: bool
    most: int
    most_coarse: int
    before: bytes
    kept: slice
    after: bytes


_KINDS = (
    _Kind(True, 8, 4, NO_TRAITS[:8], slice(8, _SET_BYTES), b""),
    _Kind(False, 5, 2, NO_TRAITS[WITH][:8], slice(8, 16), NO_TRAITS[AT["device"]]),
)
MAX_ROWS = sum(kind.most + kind.most_coarse for kind in _KINDS)
_SURELY_FEW = ROW_BYTES * min(kind.most + 1 for kind in _KINDS)


@lru_cache(maxsize=1024)
def _kept(days: int) -> float:
    """What is left of a count after so many days: 2^(-days / HALF_LIFE_DAYS)."""
    return float(0.5 ** (days / HALF_LIFE_DAYS))


def see_traits(rows: bytearray, traits: bytes, at: float) -> None:
    """Count the traits of an event at `at`; their rows are the last ones afterwards."""
    day = int(at / _DAY_S) & 0xFFFF
    where, what = traits[WHERE], traits[WITH]
    start = len(rows) - _TAIL_BYTES
    if start >= 0 and rows.startswith(where, start) and rows.startswith(what, start + ROW_BYTES):
        _count_latest(rows, start, day, 1)
        return
    rows += _taken(rows, where, day) + _taken(rows, what, day)
    if len(rows) > _SURELY_FEW:
        for kind in _KINDS:
            _forget(rows, kind)


def see_latest_again(rows: bytearray, at: float, times: int) -> None:
    """Count so many further events with the very traits of the latest one, all of them on the day of `at`."""
    start = len(rows) - _TAIL_BYTES
    if start >= 0:  # else the visit began before traits were kept
        _count_latest(rows, start, int(at / _DAY_S) & 0xFFFF, times)


def _count_latest(rows: bytearray, start: int, day: int, times: int) -> None:
    for place in (start + _SET_BYTES, start + ROW_BYTES + _SET_BYTES):
        known_day, count = _read(rows, place)
        _write(rows, place, *_counted(known_day, count, day, times))


def _taken(rows: bytearray, keys: bytes, day: int) -> bytes:
    """The row of these keys, taken out of the table, with one more event on `day`."""
    row = row_of(rows, keys, ROW_BYTES)
    if row < 0:
        return keys + _pack(day, _UNIT)
    known_day, count = _read(rows, row + _SET_BYTES)
    del rows[row : row + ROW_BYTES]
    return keys + _pack(*_counted(known_day, count, day, 1))


def _counted(known_day: int, count: int, day: int, times: int) -> tuple[int, int]:
    """Day and count after so many more on `day`; what is from before the known day counts as much as is left of it."""
    if day == known_day:
        count += times * _UNIT
    elif day > known_day:
        count = round(count * _kept(day - known_day)) + times * _UNIT
        known_day = day
    else:
        count += times * round(_UNIT * _kept(known_day - day))
    return known_day, count if count < _MOST else _MOST


def _forget(rows: bytearray, kind: _Kind) -> None:
    """Keep as many rows as the kind may have, those of the latest event always."""
    ours = [
        row for row in range(0, len(rows) - _TAIL_BYTES, ROW_BYTES) if _is_where(rows, row) == kind.is_where
    ]
    fine = [row for row in ours if not _is_coarse(rows, row, kind)]
    coarse = len(ours) - len(fine)
    if len(fine) >= kind.most:
        row = fine[0]
        keys = kind.before + rows[row : row + _SET_BYTES][kind.kept] + kind.after
        known = row_of(rows, keys, ROW_BYTES)
        if known < 0:
            rows[row : row + _SET_BYTES] = keys
            coarse += 1
        else:
            _join(rows, row, known)
    if coarse > kind.most_coarse:
        oldest = next(row for row in ours if _is_coarse(rows, row, kind))
        del rows[oldest : oldest + ROW_BYTES]


def _join(rows: bytearray, row: int, other: int) -> None:
    """Add what a row counts to another one, and drop it."""
    (early, few), (late, many) = sorted((_read(rows, row + _SET_BYTES), _read(rows, other + _SET_BYTES)))
    _write(rows, other + _SET_BYTES, late, min(many + round(few * _kept(late - early)), _MOST))
    del rows[row : row + ROW_BYTES]


def _is_where(rows: bytearray, row: int) -> bool:
    return rows.startswith(ALL, row + _SET_BYTES - TRAIT_BYTES)


def _is_coarse(rows: bytearray, row: int, kind: _Kind) -> bool:
    return rows.startswith(kind.before, row)


class Traits(Struct, gc=False):
    """Decayed counts by level and key: a view of rows."""

    rows: bytearray = field(default_factory=bytearray)

    def __len__(self) -> int:
        return len(self.rows) // ROW_BYTES

    def knows(self, level: str, key: bytes) -> bool:
        """Whether any row has this key at the level."""
        start = AT[level].start % _SET_BYTES
        is_where = LEVELS.index(level) < _OF_WHERE
        return any(
            self.rows.startswith(key, row + start)
            for row in range(0, len(self.rows), ROW_BYTES)
            if _is_where(self.rows, row) == is_where
        )

    def latest(self) -> bytes:
        """The traits of the latest event; empty when there was none."""
        start = len(self.rows) - _TAIL_BYTES
        if start < 0:
            return b""
        middle = start + ROW_BYTES
        return bytes(self.rows[start : start + _SET_BYTES] + self.rows[middle : middle + _SET_BYTES])

    def survey(self, traits: bytes, at: float) -> tuple[list[float], list[float], list[int]]:
        """By level, in the order of LEVELS: the count of the event's own trait, those of all traits together, and how many
        different traits these are. Counts are decayed to `at`."""
        counts, together = [0.0] * len(LEVELS), [0.0] * len(LEVELS)
        distinct: list[set[bytes]] = [set() for _ in LEVELS]
        for first, keys, count in self._decayed(int(at / _DAY_S)):
            own = traits[first * TRAIT_BYTES :]
            for index, step in _STEPS:
                key = keys[step : step + TRAIT_BYTES]
                together[first + index] += count
                distinct[first + index].add(key)
                if own.startswith(key, step):
                    counts[first + index] += count
        return counts, together, [len(keys) for keys in distinct]

    def counts(self, traits: bytes, at: float) -> tuple[float, ...]:
        """The count of each of an event's traits, in the order of LEVELS."""
        return tuple(self.survey(traits, at)[0])

    def _decayed(self, today: int) -> Iterator[tuple[int, bytes, float]]:
        """Each row: the first of its levels, its keys, and what is left of its count."""
        for keys, day, units in _ROW.iter_unpack(self.rows):
            left = 1.0 if day >= today else _kept(today - day)
            yield 0 if keys.endswith(ALL) else _OF_WHERE, keys, units / _UNIT * left
