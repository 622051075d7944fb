"""Where accounts belong, and what is moved there."""

from __future__ import annotations

from dataclasses import replace

import pytest
from aiokafka.partitioner import DefaultPartitioner
from hypothesis import given
from hypothesis import strategies as st

from contracts.topics import HEADER_MOVED_FROM
from services.bootstrap.pipelines import offline_core
from services.events.decode import decode
from services.platform.settings import Settings
from services.replay.offline import OfflineRecord
from services.stream.pipeline import Pipeline
from services.stream.placement import MOST_BYTES, Placement, murmur2

#: From the tests of Kafka's own client (UtilsTest.testMurmur2), which are of org.apache.kafka.
JAVA = {
    b"21": -973932308,
    b"foobar": -790332482,
    b"a-little-bit-long-string": -985981536,
    b"a-little-bit-longer-string": -1486304829,
    b"lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8": -58897971,
    b"abc": 479470107,
}
COUNT = 8


@pytest.mark.parametrize("key", JAVA)
def test_the_hash_is_that_of_the_java_client(key: bytes) -> None:
    assert JAVA[key] & 0xFFFFFFFF == murmur2(key)


@given(st.binary(max_size=600), st.integers(1, 500))
def test_an_account_belongs_where_our_own_producer_puts_it(key: bytes, count: int) -> None:
    everywhere = list(range(count))

    assert DefaultPartitioner()(key, everywhere, everywhere) == Placement("t", count).partition_of(key)


def record(
    offset: int, account_id: str, *headers: tuple[str, bytes], at: float = 1_767_225_600.0, pad: int = 0
) -> OfflineRecord:
    value = (
        b'{"type":"login","event_id":"e%d","account_id":"%s","occurred_at":%d,"outcome":"success"}'
        % (offset, account_id.encode(), at * 1000)
    ) + b" " * pad
    return OfflineRecord(account_id.encode(), value, offset, 1_767_225_600_000 + offset, headers)


def home(account_id: str) -> int:
    return Placement("t", COUNT).partition_of(account_id.encode())


AT_0, NOT_AT_0 = (
    [f"a{number}" for number in range(400) if (home(f"a{number}") == 0) is there] for there in (True, False)
)


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 5), st.booleans()), max_size=60))
def test_what_belongs_stays_in_order_and_the_rest_is_moved_in_order(
    told: list[tuple[bool, int, bool]],
) -> None:
    records = [
        record(offset, (AT_0 if here else NOT_AT_0)[number], at=2e9 if future else 1.7e9)
        for offset, (here, number, future) in enumerate(told)
    ]
    incoming = decode(records, 300.0)
    kept, moved = Placement("t", COUNT).sort(0, incoming, range(len(records)))
    clamped = {kept.records[index].offset for index in kept.clamped}

    assert [each.offset for each in kept.records] == [o for o, (here, _, _) in enumerate(told) if here]
    assert [each.account_id for each in kept.events] == [
        each.key.decode() for each in kept.records if each.key
    ]
    assert [each.timestamp_ms for each in moved] == [
        records[offset].timestamp for offset, (here, _, _) in enumerate(told) if not here
    ]
    assert all(each.partition == home((each.key or b"").decode()) for each in moved)
    assert clamped == {offset for offset, (here, _, future) in enumerate(told) if here and future}


def test_a_moved_record_keeps_its_bytes_and_headers_and_says_where_it_was() -> None:
    lost = record(7, NOT_AT_0[0], ("reply-to", b"api"), ("odd", b"\xff"))
    _, [moved] = Placement("account-events", COUNT).sort(0, decode([lost], 300.0), [0])

    assert (lost.key, lost.value, lost.timestamp) == (moved.key, moved.value, moved.timestamp_ms)
    assert [*lost.headers, (HEADER_MOVED_FROM, b"account-events:0:7")] == moved.headers


def test_what_was_moved_before_is_a_dead_letter_and_not_moved_again() -> None:
    again = record(7, NOT_AT_0[0], (HEADER_MOVED_FROM, b"account-events:3:9"))
    kept, moved = Placement("t", COUNT).sort(0, decode([again], 300.0), [0])

    assert ([], []) == (kept.events, moved)
    assert ["moved_before"] == [letter.error.reason for letter in kept.dead]


def test_what_would_be_too_large_with_one_header_more_is_a_dead_letter() -> None:
    kept, moved = Placement("t", COUNT).sort(0, decode([record(7, NOT_AT_0[0], pad=MOST_BYTES)], 300.0), [0])

    assert [] == moved
    assert ["too_large_to_move"] == [letter.error.reason for letter in kept.dead]


def test_dead_letters_of_a_batch_stay_in_the_order_of_offsets() -> None:
    records = [
        OfflineRecord(b"k", b"{", 0, 0),
        record(1, NOT_AT_0[0], (HEADER_MOVED_FROM, b"t:3:9")),
        OfflineRecord(b"k", b"{", 2, 0),
    ]
    kept, _ = Placement("t", COUNT).sort(0, decode(records, 300.0), [0])

    assert [0, 1, 2] == [letter.record.offset for letter in kept.dead]


async def test_the_pipeline_decides_what_is_its_own_and_sends_on_the_rest() -> None:
    core = offline_core(Settings())
    pipeline: Pipeline = core._pipeline
    pipeline.components = replace(pipeline.components, placement=Placement(Settings().topic_events, COUNT))
    first = await core.carry([(0, [record(0, AT_0[0]), record(1, NOT_AT_0[0]), record(2, AT_0[1])])])
    again = await core.carry([(0, [record(3, NOT_AT_0[0]), record(4, AT_0[0])])])
    moved = core._collected.take(Settings().topic_events)

    assert ["e0", "e2"] == [made.event_id for made in first.decisions]
    assert ["e4"] == [made.event_id for made in again.decisions]
    assert [NOT_AT_0[0].encode()] * 2 == [key for key, _, _ in moved]
    assert {AT_0[0], AT_0[1]} == {
        name for shard in pipeline.components.memory._shelves.values() for name in shard
    }


async def test_a_file_that_is_replayed_has_no_partitions() -> None:
    core = offline_core(Settings())
    answered = await core.decide([record(0, AT_0[0]), record(1, NOT_AT_0[0])])

    assert 2 == len(answered.decisions)
