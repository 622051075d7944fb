"""Events as broken senders write them: sound ones, and others of which a member, a type, a text or single bytes went wrong."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from random import Random
from typing import Any

Row = tuple[bytes, bytes]

KINDS = ("login", "login", "transaction", "transaction", "account_change", "label")
START_MS = 1_790_000_000_000
_ACCOUNTS = 2_000
_SOUND_SHARE = 0.3
_VALUES: tuple[Any, ...] = (
    None, True, False, 0, -1, 1, 2**31, 2**53 + 1, 2**63, 2**64, -(2**64), 10**30, 10**400, 0.5, -0.0, 1e308, "", " ",
    "0", "null", "unknown", "\ud800", "\udfff\ud800", "\u0000", "\ufeff", "\u202e", "\u200b" * 300, "é" * 300, "😀" * 500,
    "x" * 129, "x" * 5_000, "[/]", "{}", "%s%n", "../../etc", "10.0.0.1", "192.0.2.1:80", "[::1]", "1.2.3.4, 10.0.0.1",
    "9" * 400, "1e400", "NaN", "-5.00", "5,00", "cny", "T1", "XX", "China", "2026-01-01", "2026-01-01T00:00:00Z",
    "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "00000000-0000-0000-0000-000000000000", [], {}, [[]],
    [{}], [None] * 5, {"a": {"b": {"c": []}}}, {"country": "cn"}, {"latitude": "north"}, {"latitude": 1e308, "longitude": 5},
    {"asn": "AS64500"}, {"asn": -1}, {"asn": 2**70}, {"kind": 5},
)  # fmt: skip
_RAW = (
    b"1e400",
    b"-1e400",
    b"NaN",
    b"Infinity",
    b"9" * 5_000,
    b"[" * 3_000,
    b'{"a":' * 3_000,
    b'"\\ud800"',
    b'"\xff\xfe"',
)


def fuzzed(count: int, seed: int, kinds: tuple[str, ...] = KINDS) -> Iterator[Row]:
    """`count` records with their keys, the same for the same seed; event ids differ unless a mutation reached them."""
    rng = Random(seed)
    for number in range(count):
        event = _event(rng, number, rng.choice(kinds))
        key = event["account_id"].encode()
        if rng.random() < _SOUND_SHARE:
            yield key, _encoded(event)
            continue
        yield key, rng.choice(_MUTATIONS)(rng, event)


def _event(rng: Random, number: int, kind: str) -> dict[str, Any]:
    event: dict[str, Any] = {
        "event_id": f"e{number}",
        "account_id": f"a{rng.randrange(_ACCOUNTS)}",
        "occurred_at": START_MS + number * 50,
        "ip": f"192.0.2.{rng.randrange(1, 255)}",
        "user_agent": rng.choice(("UPay/8.31 (Android 15)", "curl/8.0")),
        "device_id": f"d{rng.randrange(2 * _ACCOUNTS)}",
        "session_id": "s",
        "place": {
            "country": "CN",
            "city": "Shenzhen",
            "latitude": 22.5,
            "longitude": 114.0,
            "accuracy_km": 20,
        },
        "network": {"asn": 64500, "name": "Net", "kind": "mobile"},
    }
    if kind == "login":
        event |= {"outcome": rng.choice(("success", "failure")), "method": "password"}
    elif kind == "transaction":
        event |= {
            "amount": f"{rng.randrange(1, 900)}.00",
            "currency": "CNY",
            "kind": "payment",
            "payee_id": "shop",
            "balance": "900",
        }
    elif kind == "account_change":
        event |= {"change": "phone_change"}
    else:
        event |= {
            "about_event_id": "e1",
            "verdict": "fraud",
            "about_occurred_at": START_MS,
            "payee_id": "shop",
        }
    return {"type": kind, **event}


def _encoded(event: dict[str, Any]) -> bytes:
    return json.dumps(event).encode()


def _another_value(rng: Random, event: dict[str, Any]) -> bytes:
    event[rng.choice(sorted(event))] = rng.choice(_VALUES)
    return _encoded(event)


def _many_values(rng: Random, event: dict[str, Any]) -> bytes:
    for name in rng.sample(sorted(event), 4):
        if name not in ("type", "event_id", "account_id", "occurred_at"):
            event[name] = rng.choice(_VALUES)
    return _encoded(event)


def _inside(rng: Random, event: dict[str, Any]) -> bytes:
    part = event[rng.choice(("place", "network"))]
    part[rng.choice(sorted(part))] = rng.choice(_VALUES)
    return _encoded(event)


def _without(rng: Random, event: dict[str, Any]) -> bytes:
    del event[rng.choice(sorted(event))]
    return _encoded(event)


def _derived(rng: Random, event: dict[str, Any]) -> bytes:
    name = rng.choice(("_at", "_value", "_device_key", "_ip_key", "_address_traits", "_traits", "unknown"))
    return _encoded({**event, name: rng.choice(_VALUES)})


def _raw(rng: Random, event: dict[str, Any]) -> bytes:
    event[rng.choice(sorted(event))] = "@@"
    return _encoded(event).replace(b'"@@"', rng.choice(_RAW), 1)


def _bytes(rng: Random, event: dict[str, Any]) -> bytes:
    value = bytearray(_encoded(event))
    for _ in range(rng.randrange(1, 4)):
        place = rng.randrange(len(value))
        if rng.random() < 0.5:
            value[place] = rng.randrange(256)
        else:
            del value[place]
    return bytes(value)


def _cut_off(rng: Random, event: dict[str, Any]) -> bytes:
    value = _encoded(event)
    return value[: rng.randrange(len(value))]


def _other_encoding(rng: Random, event: dict[str, Any]) -> bytes:
    return json.dumps(event).encode(rng.choice(("utf-8-sig", "utf-16", "utf-32", "utf-16-le", "cp037")))


_MUTATIONS: tuple[Callable[[Random, dict[str, Any]], bytes], ...] = (
    _another_value, _another_value, _many_values, _inside, _without, _derived, _raw, _bytes, _cut_off, _other_encoding,
)  # fmt: skip
