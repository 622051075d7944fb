"""No record, however broken, raises or vanishes: each is decided, a repeat, or a dead letter. PAYGUARD_CHAOS=long: a million."""

from __future__ import annotations

import json
import os
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.api.offered import read_body
from services.bootstrap.pipelines import offline_core
from services.events.adapters import LINES
from services.events.decode import decode
from services.platform.settings import Settings
from services.replay.offline import OfflineRecord
from tests.chaos.fuzz import START_MS, fuzzed

LONG = os.environ.get("PAYGUARD_CHAOS") == "long"
RECORDS = 1_000_000 if LONG else 10_000
BATCH = 1_000
SEED = 17
TEMPLATE = {
    "type": "transaction", "event_id": "e", "account_id": "a", "occurred_at": START_MS, "amount": "4.00", "currency": "CNY",
    "ip": "192.0.2.1", "device_id": "d", "user_agent": "UPay", "session_id": "s", "payee_id": "p", "balance": "5",
    "place": {"country": "CN", "latitude": 22.5, "longitude": 114.0}, "network": {"asn": 64500, "kind": "mobile"},
}  # fmt: skip
ANYTHING = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.integers(10**30, 10**60)
    | st.floats()
    | st.text(st.characters(), max_size=50),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)


@pytest.mark.timeout(7_200)
async def test_every_fuzzed_record_is_decided_a_repeat_or_a_dead_letter() -> None:
    core, accounted, dead = offline_core(Settings(invalid_ceiling=1.0)), 0, 0
    rows = fuzzed(RECORDS, SEED)
    for first in range(0, RECORDS, BATCH):
        records = [
            OfflineRecord(key, value, first + place, START_MS + 3_600_000)
            for place, (key, value) in zip(range(BATCH), rows, strict=False)
        ]
        readable = decode(records, 120.0)
        answered = await core.decide(records)
        named = {record.offset for record in readable.records} | {
            letter.record.offset for letter in answered.dead
        }
        assert named == {record.offset for record in records}
        assert len(readable.dead) == len(answered.dead)
        assert len(answered.decisions) <= len(readable.events)
        accounted += len(readable.events) + len(answered.dead)
        dead += len(answered.dead)
    print(f"{accounted:,} records, {dead:,} of them dead letters")
    assert accounted == RECORDS
    assert 0.2 * RECORDS < dead < 0.6 * RECORDS


@given(st.dictionaries(st.sampled_from(sorted(TEMPLATE)), ANYTHING, max_size=4))
def test_no_value_of_any_field_raises(changed: dict[str, Any]) -> None:
    value = json.dumps({**TEMPLATE, **changed}).encode()
    incoming = decode([OfflineRecord(b"a", value, 0, START_MS)], 120.0)
    assert len(incoming.events) + len(incoming.dead) == 1


@given(st.binary(max_size=40), st.integers(0, 500), st.integers(0, 500))
def test_no_bytes_raise_and_neighbours_live(noise: bytes, start: int, stop: int) -> None:
    good = json.dumps(TEMPLATE).encode()
    broken = good[:start] + noise + good[stop:]
    records = [
        OfflineRecord(b"a", value, place, START_MS) for place, value in enumerate((good, broken, good))
    ]
    incoming = decode(records, 120.0)
    assert len(incoming.events) + len(incoming.dead) == 3
    assert {0, 2} <= {record.offset for record in incoming.records}


@given(
    st.lists(st.dictionaries(st.sampled_from(sorted(TEMPLATE)), ANYTHING, max_size=2), min_size=1, max_size=5)
)
def test_over_http_each_event_is_answered_for_itself(changes: list[dict[str, Any]]) -> None:
    lines = [json.dumps(TEMPLATE), *(json.dumps({**TEMPLATE, **changed}) for changed in changes)]
    offers = read_body("\n".join(lines).encode(), LINES)
    assert len(offers) == len(lines)
    assert offers[0].error is None
