"""Ways up from earlier schemas of the stored profile, one function a version; each is kept for ever."""

from __future__ import annotations

from math import expm1, log1p
from struct import Struct as Layout
from typing import Any

from msgspec import msgpack

from contracts.currencies import units_counted
from contracts.money import MONEY_KINDS, amount_key, currency_key
from contracts.profile import EVENT_ID_BYTES, NO_COUNTRY, NO_KEY, VISIT
from contracts.sightings import pack_fix

#: Where version 1 had what has changed since; its visit was nine fields, the last two of which are as they were.
_SEEN_ROWS = (6, 7, 8, 13)
_FIX_ROWS, _CHALLENGE_AT, _QUARANTINED, _EVENT_IDS, _REPORTED_AT, _VISIT = 9, 17, 18, 19, 21, 26
_VISIT_FIELDS = 7
_SEEN_1, _SEEN_2 = Layout("<8sIII"), Layout("<8sIIH")
_FIX_1 = Layout("<d8sddd2s")
_EVENT_ID_1 = 8
#: Where version 2 has what money it remembers, and how its rows were laid out.
_AMOUNT_ROWS, _VELOCITY_ROWS, _TILL_CURRENCY, _TILL_AMOUNT = 11, 12, 23, 24
_AMOUNT_2, _TAUGHT, _VELOCITY_2 = Layout("<4sIdd"), Layout("<Idd"), Layout("<4s72s")


def from_1(payload: bytes) -> bytes:
    """Version 2 keeps counts, places, the visit and held facts in fewer bytes, and six of an event id instead of eight."""
    fields: list[Any] = msgpack.decode(payload)
    fields[:2] = [int(at) for at in fields[:2]]
    for index in _SEEN_ROWS:
        if len(fields) > index:
            fields[index] = b"".join(_seen(*row) for row in _SEEN_1.iter_unpack(fields[index]))
    if len(fields) > _FIX_ROWS:
        fields[_FIX_ROWS] = b"".join(pack_fix(*row) for row in _FIX_1.iter_unpack(fields[_FIX_ROWS]))
    if len(fields) > _QUARANTINED:
        fields[_CHALLENGE_AT] = int(fields[_CHALLENGE_AT])
        fields[_QUARANTINED] = [_quarantined(*each) for each in fields[_QUARANTINED]]
    if len(fields) > _EVENT_IDS:
        known = fields[_EVENT_IDS]
        fields[_EVENT_IDS] = b"".join(
            known[start : start + EVENT_ID_BYTES] for start in range(0, len(known), _EVENT_ID_1)
        )
    if len(fields) > _REPORTED_AT:
        fields[_REPORTED_AT] = int(fields[_REPORTED_AT])
    if len(fields) > _VISIT:
        fields[_VISIT : _VISIT + _VISIT_FIELDS] = [_visit(*fields[_VISIT : _VISIT + _VISIT_FIELDS])]
    return msgpack.encode(fields)


def from_2(payload: bytes) -> bytes:
    """Version 3 names currencies of up to eight letters, and counts coins in millionths, as `contracts.currencies` says."""
    fields: list[Any] = msgpack.decode(payload)
    if len(fields) > _AMOUNT_ROWS:
        rows = _AMOUNT_2.iter_unpack(fields[_AMOUNT_ROWS])
        fields[_AMOUNT_ROWS] = b"".join(_amount(key, *taught) for key, *taught in rows)
    if len(fields) > _VELOCITY_ROWS:
        rows = _VELOCITY_2.iter_unpack(fields[_VELOCITY_ROWS])
        fields[_VELOCITY_ROWS] = b"".join(currency_key(_currency(key)) + rest for key, rest in rows)
    if len(fields) > _TILL_AMOUNT:
        fields[_TILL_AMOUNT] = _counted(fields[_TILL_CURRENCY], *fields[_TILL_AMOUNT])
    return msgpack.encode(fields)


def _amount(key: bytes, *taught: Any) -> bytes:
    currency = _currency(key[1:])
    return amount_key(MONEY_KINDS[key[0]], currency) + _TAUGHT.pack(*_counted(currency, *taught))


def _currency(key: bytes) -> str:
    return key.rstrip(b"\0").decode("ascii")


def _counted(currency: str, n: int, mean: float, variance: float) -> tuple[int, float, float]:
    """Mean and variance of log(1 + amount) as they would be, were the amounts told in the units they are counted in."""
    units = units_counted(currency)
    if units == 1.0 or not n:
        return n, mean, variance
    amount = expm1(mean)
    steeper = units * (1.0 + amount) / (1.0 + units * amount)
    return n, log1p(units * amount), variance * steeper * steeper


def _seen(key: bytes, first_at: int, last_at: int, count: int) -> bytes:
    return _SEEN_2.pack(key, first_at, last_at, min(count, 65_535))


def _quarantined(
    event_key: bytes, _expires_at: float, facts: list[Any], matures_at: float = 0.0
) -> list[Any]:
    """Facts named the time and the country of their place twice; when they expire and are released follows from their time."""
    facts = [*facts, None][: max(6, len(facts))]
    if facts[5] is not None:
        _, latitude, longitude, accuracy_km, ip_key, *_ = facts[5]
        facts[5] = [latitude, longitude, accuracy_km, ip_key]
    return [event_key[:EVENT_ID_BYTES], facts, matures_at > 0.0]


def _visit(
    device: bytes | None,
    ip_key: bytes | None,
    network: bytes | None,
    country: str | None,
    latitude: float | None,
    longitude: float | None,
    _accuracy_km: float,
) -> bytes:
    """The visit ends with the next event, as no agent is like its own; what it counted is written then."""
    if device is None or ip_key is None:
        return b""
    digest = int(latitude is not None and longitude is not None)
    named = NO_COUNTRY if country is None else country.encode("ascii")
    return VISIT.pack(device, ip_key, digest, named, NO_KEY if network is None else network, b"")
