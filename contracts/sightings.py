"""What an account was seen with and where, as packed rows: one object a table, however many rows it has.

A profile holds dozens of rows and is read and written with every batch; as objects of their own they would cost more than
all detectors together. So a profile keeps rows; the classes here are views that read like mappings and answer copies, and the
functions are what learning writes with. Times are epoch seconds; a whole one is kept in 32 bits and stops at the year 2106.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from struct import Struct as Layout

from msgspec import Struct, field

#: 8 bytes: keyed BLAKE2b, or `b"ASN:"` and four bytes for an AS number.
Key = bytes
KEY_BYTES = 8

#: A device is taken for the owner's so long after it was last seen; then it is new again.
TRUSTED_S = 90 * 86_400.0
_LATEST_S = (1 << 32) - 1
_MOST = (1 << 16) - 1
_SEEN = Layout("<8sIIH")
_TIMES = Layout("<IIH")
SEEN_BYTES = _SEEN.size
_FIX = Layout("<d8siif2s")
_FIX_HEAD = Layout("<d8s")
_FIX_BYTES = _FIX.size

_read_times, _write_times, _pack_seen = _TIMES.unpack_from, _TIMES.pack_into, _SEEN.pack
_write_head = _FIX_HEAD.pack_into
_read_head, _read_fix = _FIX_HEAD.unpack_from, _FIX.unpack_from
#: Places are kept to 1e-7 degrees, about 1 cm.
_DEGREE = 1e7


class Seen(Struct, array_like=True, gc=False):
    """How often something was seen (at most 65,535 times are counted), first and last (whole epoch seconds)."""

    first_at: int
    last_at: int
    count: int = 1


class Fix(Struct, array_like=True, frozen=True, gc=False):
    """A place the account was at: epoch seconds, degrees, accuracy km, key of the address, country."""

    at: float
    latitude: float
    longitude: float
    accuracy_km: float
    ip_key: Key
    country: str | None = None


def row_of(rows: bytearray, key: bytes, row_bytes: int) -> int:
    """Where the row that begins with the key stands; -1 when there is none."""
    found = rows.find(key)
    while found > 0 and found % row_bytes:
        found = rows.find(key, found + 1)
    return found


def sighting(rows: bytearray, row: int) -> tuple[int, int, int]:
    """First time, last time and count of the row at `row`."""
    return _read_times(rows, row + KEY_BYTES)


def see(rows: bytearray, key: Key, at: float, limit: int) -> bool:
    """Count a sighting; True when the key is new. A full table forgets the row not seen for longest."""
    found = row_of(rows, key, SEEN_BYTES)
    if found >= 0:
        see_again(rows, found, at)
        return False
    when = min(int(at), _LATEST_S)
    if len(rows) >= limit * SEEN_BYTES:
        last_times = [last_at for _, _, last_at, _ in _SEEN.iter_unpack(rows)]
        oldest = last_times.index(min(last_times)) * SEEN_BYTES
        del rows[oldest : oldest + SEEN_BYTES]
    rows += _pack_seen(key, when, when, 1)
    return True


def see_known_again(rows: bytearray, key: Key, at: float, times: int) -> None:
    """As `see_again`, of a key that has a row."""
    see_again(rows, row_of(rows, key, SEEN_BYTES), at, times)


def see_again(rows: bytearray, row: int, at: float, times: int = 1) -> None:
    """Count further sightings, the last one at `at`, of the key whose row stands at `row`."""
    when = int(at)
    if when > _LATEST_S:
        when = _LATEST_S
    first_at, last_at, count = _read_times(rows, row + KEY_BYTES)
    count += times
    _write_times(
        rows,
        row + KEY_BYTES,
        when if when < first_at else first_at,
        when if when > last_at else last_at,
        count if count < _MOST else _MOST,
    )


class Sightings(Struct, gc=False):
    """Seen by key, in the order in which the keys came: a view of rows of key, first and last time and count."""

    rows: bytearray = field(default_factory=bytearray)

    @classmethod
    def of(cls, seen: Mapping[Key, Seen]) -> Sightings:
        """The mapping as a table."""
        rows = (_pack_seen(key, each.first_at, each.last_at, each.count) for key, each in seen.items())
        return cls(bytearray(b"".join(rows)))

    def __len__(self) -> int:
        return len(self.rows) // SEEN_BYTES

    def __contains__(self, key: object) -> bool:
        return key is not None and row_of(self.rows, key, SEEN_BYTES) >= 0  # type: ignore[arg-type]

    def __iter__(self) -> Iterator[Key]:
        return (key for key, _ in self.items())

    def items(self) -> list[tuple[Key, Seen]]:
        """Every key with what was seen of it."""
        return [(key, Seen(*times)) for key, *times in _SEEN.iter_unpack(self.rows)]

    def values(self) -> list[Seen]:
        """What was seen of every key."""
        return [Seen(*times) for _, *times in _SEEN.iter_unpack(self.rows)]

    def get(self, key: Key) -> Seen | None:
        """What was seen of the key, or None."""
        found = row_of(self.rows, key, SEEN_BYTES)
        return None if found < 0 else Seen(*_read_times(self.rows, found + KEY_BYTES))

    def see(self, key: Key, at: float, limit: int) -> bool:
        """See `see`."""
        return see(self.rows, key, at, limit)


@cache
def country_key(country: str) -> Key:
    """The key of a row of countries: its two letters, filled up."""
    return country.encode("ascii", "replace")[:KEY_BYTES].ljust(KEY_BYTES, b"\0")


class Countries(Struct, gc=False):
    """Seen by country code (ISO 3166, two letters): a view of rows as `Sightings` has them."""

    rows: bytearray = field(default_factory=bytearray)

    @classmethod
    def of(cls, seen: Mapping[str, Seen]) -> Countries:
        """The mapping as a table."""
        return cls(Sightings.of({country_key(country): each for country, each in seen.items()}).rows)

    def __len__(self) -> int:
        return len(self.rows) // SEEN_BYTES

    def __contains__(self, country: object) -> bool:
        return row_of(self.rows, country_key(country), SEEN_BYTES) >= 0

    def __iter__(self) -> Iterator[str]:
        return (country for country, _ in self.items())

    def items(self) -> list[tuple[str, Seen]]:
        """Every country with what was seen of it."""
        return [(key.rstrip(b"\0").decode("ascii"), seen) for key, seen in Sightings(self.rows).items()]

    def values(self) -> list[Seen]:
        """What was seen of every country."""
        return Sightings(self.rows).values()

    def see(self, country: str, at: float, limit: int) -> bool:
        """See `see`."""
        return see(self.rows, country_key(country), at, limit)


def stays(rows: bytearray, at: float, ip_key: Key | None) -> bool:
    """Whether the latest of the places was at this address and not after this time."""
    if not rows:
        return False
    last_at, last_key = _read_head(rows, len(rows) - _FIX_BYTES)
    return bool(last_key == ip_key and last_at <= at)


def stay(rows: bytearray, at: float, ip_key: Key) -> None:
    """The latest of the places, at this address, goes on until `at`."""
    _write_head(rows, len(rows) - _FIX_BYTES, at, ip_key)


def add_fix(
    rows: bytearray,
    at: float,
    ip_key: Key,
    latitude: float,
    longitude: float,
    accuracy_km: float,
    country: str | None,
    limit: int,
) -> None:
    """Add a place; it takes the place of the latest one when that was at the same address and not after it."""
    named = b"" if country is None else country.encode("ascii", "replace")
    start = len(rows) - _FIX_BYTES
    if start >= 0:
        last_at, last_key = _read_head(rows, start)
        if at >= last_at:
            if last_key == ip_key:
                rows[start:] = pack_fix(at, ip_key, latitude, longitude, accuracy_km, named)
                return
        else:
            while start >= 0 and _read_head(rows, start)[0] > at:
                start -= _FIX_BYTES
            start += _FIX_BYTES
            rows[start:start] = pack_fix(at, ip_key, latitude, longitude, accuracy_km, named)
            del rows[: max(0, len(rows) - limit * _FIX_BYTES)]
            return
    rows += pack_fix(at, ip_key, latitude, longitude, accuracy_km, named)
    if len(rows) > limit * _FIX_BYTES:
        del rows[:_FIX_BYTES]


def pack_fix(
    at: float, ip_key: Key, latitude: float, longitude: float, accuracy_km: float, country: bytes
) -> bytes:
    """The row of a place; degrees are in range, `country` is two letters or nothing."""
    return _FIX.pack(at, ip_key, round(latitude * _DEGREE), round(longitude * _DEGREE), accuracy_km, country)


class Fixes(Struct, gc=False):
    """The most recent places by event time, ascending: a view of their rows."""

    rows: bytearray = field(default_factory=bytearray)

    @classmethod
    def of(cls, fixes: Iterable[Fix]) -> Fixes:
        """The places, which must be ascending, as a table."""
        return cls(bytearray(b"".join([_packed(fix) for fix in fixes])))

    def __len__(self) -> int:
        return len(self.rows) // _FIX_BYTES

    def __iter__(self) -> Iterator[Fix]:
        return (_fix(*row) for row in _FIX.iter_unpack(self.rows))

    def around(self, at: float) -> tuple[Fix | None, Fix | None]:
        """The latest place not after this time and the earliest one after it."""
        rows = self.rows
        start = len(rows) - _FIX_BYTES
        while start >= 0 and _read_head(rows, start)[0] > at:
            start -= _FIX_BYTES
        after = start + _FIX_BYTES
        return (
            _fix(*_read_fix(rows, start)) if start >= 0 else None,
            _fix(*_read_fix(rows, after)) if after < len(rows) else None,
        )

    def knows(self, ip_key: Key | None) -> bool:
        """Whether any of the places was at this address."""
        return any(key == ip_key for _, key, *_ in _FIX.iter_unpack(self.rows))


def _fix(at: float, ip_key: Key, latitude: int, longitude: int, accuracy_km: float, country: bytes) -> Fix:
    named = country.rstrip(b"\0").decode("ascii", "replace") or None
    return Fix(at, latitude / _DEGREE, longitude / _DEGREE, accuracy_km, ip_key, named)


def _packed(fix: Fix) -> bytes:
    country = b"" if fix.country is None else fix.country.encode("ascii", "replace")
    return pack_fix(fix.at, fix.ip_key, fix.latitude, fix.longitude, fix.accuracy_km, country)
