"""A stream for measuring: cheap to make, realistic to read. About 330 bytes of JSON an event."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random

from msgspec import json

from services.lab.people.places import CITIES, fixed_line, mobile_line, rented_server

#: Events an account makes a day, which fixes the time between events.
EVENTS_A_DAY = 8
_AGENT = "UPay/8.31 (Android 15)"
_DAY_MS = 86_400_000
_START_MS = 1_767_225_600_000
_LINES = 504  # a multiple of the number of cities, so that a stride of 12 stays in one city
_LOGIN = b'{"type":"login",%b,"outcome":"%b"}'
_PAYMENT = (
    b'{"type":"transaction",%b,"amount":"%d.%02d","currency":"CNY","kind":"payment","payee_id":"shop-%05d"}'
)
_CHANGE = b'{"type":"account_change",%b,"change":"%b"}'
_CHANGES = (b"password_change", b"address_change", b"email_change", b"limit_raise")


def bench_events(
    accounts: int, count: int, seed: int, start_ms: int = _START_MS
) -> Iterator[tuple[bytes, bytes]]:
    """`count` events as (key, JSON) in time order: 45 % logins (3 in 100 fail), 54.5 % payments, 0.5 % changes.

    Every account keeps to one home line and one phone, uses another network of its city 1 time in 16 and is
    elsewhere 1 time in 512; 1 device in 64 is new.
    The time between events is such that an account makes 8 events a day. The same arguments give the same bytes.
    """
    draw = Random(f"bench {seed}").random
    lines = _fragments(seed)
    step_ms = _DAY_MS / (EVENTS_A_DAY * accounts)
    for index in range(count):
        number = int(draw() * accounts)
        spare = int(draw() * 65_536)
        where = number * 40_503 % _LINES
        if not spare & 15:
            where = (where + (spare >> 4) * (len(CITIES) if spare & 496 else 1)) % _LINES
        device = number if spare & 1008 else spare * 31 + index
        key = b"u-%07d" % number
        told = b'"event_id":"b%d-%d","account_id":"%b","occurred_at":%d,"device_id":"ph-%012x",%b' % (
            seed,
            index,
            key,
            int(start_ms + index * step_ms),
            device,
            lines[where],
        )
        kind = draw()
        if kind < 0.45:
            yield key, _LOGIN % (told, b"failure" if kind < 0.0135 else b"success")
        elif kind < 0.995:
            payee = (number * 7 + (spare & 7)) % 50_000 if spare & 4032 else spare
            cents = 500 + number * 40_503 % 20_000 + spare % 9_000
            yield key, _PAYMENT % (told, cents // 100, cents % 100, payee)
        else:
            yield key, _CHANGE % (told, _CHANGES[spare & 3])


def _fragments(seed: int) -> list[bytes]:
    """The members that depend on where an event comes from, as JSON text, made once."""
    rng = Random(f"bench lines {seed}")
    lines = []
    for number in range(_LINES):
        city = CITIES[number % len(CITIES)]
        if number % 64 == 63:
            line = rented_server(city, number)
        elif number % 4 == 3:
            line = mobile_line(city, rng.randrange(65_536))
        else:
            line = fixed_line(city, rng.randrange(131_072), number % 3)
        members = {
            "ip": line.ip,
            "user_agent": _AGENT,
            "place": line.place,
            "network": {"asn": line.network.asn},
        }
        lines.append(json.encode(members)[1:-1])
    return lines
