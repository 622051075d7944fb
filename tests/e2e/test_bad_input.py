"""Input that is wrong: the partition keeps moving, and each wrong record is kept once, with its bytes and its reason."""

from __future__ import annotations

import asyncio
from collections import Counter
from datetime import UTC, datetime

import pytest
from aiokafka import ConsumerRecord
from msgspec import Struct, json

from contracts import topics
from contracts.decisions import Decision
from services.platform.settings import Settings
from tests.chaos.evidence import read_decisions, read_topic
from tests.chaos.feed import START_AT, Feeder
from tests.chaos.polling import until
from tests.e2e.conftest import MakeStack
from tests.e2e.decisions import until_decided

SENT_HEADERS = [
    ("traceparent", b"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"),
    ("odd", b"\xff\x00"),
]
STOPS_WITHIN_S = 120.0
DAY_MS = 86_400_000


class Wrong(Struct, frozen=True):
    """A kind of wrong record; each kind gets a partition of its own."""

    name: str
    reason: str
    value: bytes | None
    key: bytes | None = b"u-1"


def login(
    event_id: str, account: str = "u-1", occurred_at: object = START_AT * 1000, **more: object
) -> bytes:
    told = {"type": "login", "event_id": event_id, "account_id": account, "occurred_at": occurred_at}
    return json.encode({**told, "outcome": "success", "ip": "192.0.2.1", "device_id": "phone", **more})


GOOD = login("x")
WRONG = (
    Wrong("bad JSON", "invalid_json", b'{"type":"login",'),
    Wrong("bad UTF-8", "invalid_json", GOOD.replace(b"phone", b"ph\xff\xfe")),
    Wrong("null value", "no_value", None),
    Wrong("null key", "key_mismatch", GOOD, None),
    Wrong("key of another account", "key_mismatch", GOOD, b"u-2"),
    Wrong("unknown type", "unknown_type", GOOD.replace(b'"login"', b'"logout"')),
    Wrong("NaN", "invalid_json", GOOD.replace(b"%d" % (START_AT * 1000), b"NaN")),
    Wrong("1e400", "invalid_event", GOOD.replace(b"%d" % (START_AT * 1000), b"1e400")),
    Wrong("a time of 400 digits", "invalid_event", GOOD.replace(b"%d" % (START_AT * 1000), b"9" * 400)),
    Wrong("a time in seconds", "invalid_event", login("x", occurred_at=START_AT)),
    Wrong("UTF-16", "not_utf8", GOOD.decode().encode("utf-16")),
    Wrong("half a character in an id", "invalid_json", GOOD.replace(b'"x"', b'"\\ud800"')),
    Wrong("no id", "invalid_event", GOOD.replace(b'"event_id"', b'"other_id"')),
    Wrong("after the year 9999", "invalid_event", login("x", occurred_at=2**60)),
    Wrong("before 1970", "invalid_event", login("x", occurred_at=-1)),
    Wrong("U+0000", "nul_character", login("x", session_id="a\0b")),
    Wrong("deep nesting", "too_deep", b'{"type":"login","other":' + b"[" * 100_000),
    Wrong("as large as a record may be", "invalid_json", b"{" * 1_048_300),
)


async def dead_letters(settings: Settings) -> list[ConsumerRecord]:
    return [record async for record in read_topic(settings, settings.topic_dead)]


async def test_wrong_records_first_in_the_middle_and_last_are_each_kept_once(make_stack: MakeStack) -> None:
    stack = await make_stack(partitions=len(WRONG), invalid_ceiling=1.0)
    settings = stack.settings
    places = (0, 2, 4)
    async with Feeder(settings.kafka, settings.topic_events) as feeder:
        for partition, wrong in enumerate(WRONG):
            for offset in range(5):
                if offset in places:
                    await feeder.put(wrong.key, wrong.value, partition, list(SENT_HEADERS))
                else:
                    await feeder.put(b"u-1", login(f"good-{partition}-{offset}"), partition)
            await feeder.flush()
    stack.start_worker(0)
    await until_decided(stack, 2 * len(WRONG), dead=3 * len(WRONG))
    await asyncio.to_thread(stack.retire, 0)
    found = {
        (int(told[topics.DEAD_PARTITION]), int(told[topics.DEAD_OFFSET])): (record, told)
        for record in await dead_letters(settings)
        if (told := dict(record.headers))
    }

    assert 3 * len(WRONG) == len(await dead_letters(settings))
    assert {(part, offset) for part in range(len(WRONG)) for offset in places} == set(found)
    for (partition, _), (record, told) in found.items():
        wrong = WRONG[partition]
        assert (wrong.key, wrong.value) == (record.key, record.value), wrong.name
        assert wrong.reason == told[topics.DEAD_REASON].decode(), wrong.name
        assert SENT_HEADERS == [pair for pair in record.headers if not pair[0].startswith("dead-")]
        assert (settings.topic_events.encode(), b"1") == (told[topics.DEAD_TOPIC], told[topics.DEAD_ATTEMPTS])


async def test_strange_times_are_decided_and_said(make_stack: MakeStack) -> None:
    stack = await make_stack()
    now_ms = int(datetime.now(UTC).timestamp() * 1000)
    times = {
        "first": START_AT * 1000,
        "far-future": now_ms + 365 * DAY_MS,
        "fifty-years-back": START_AT * 1000 - 50 * 365 * DAY_MS,
        "an-hour-back": START_AT * 1000 - 3_600_000,
        "rfc-3339": datetime.fromtimestamp(START_AT, UTC).isoformat(),
        "last": START_AT * 1000 + DAY_MS,
    }
    async with Feeder(stack.settings.kafka, stack.settings.topic_events) as feeder:
        for name, when in times.items():
            await feeder.put(b"u-1", login(name, occurred_at=when))
        await feeder.flush()
    stack.start_worker(0)
    await until_decided(stack, len(times))
    decode = json.Decoder(Decision).decode
    decided = {
        made.event_id: made for made in map(decode, (d.value for d in await read_decisions(stack.settings)))
    }

    assert times.keys() == decided.keys()
    assert {"far-future"} == {name for name, made in decided.items() if "clamped" in made.states}
    assert abs(decided["far-future"].at - now_ms / 1000) < 60
    assert "late" in decided["fifty-years-back"].states
    assert not any(made.degraded for made in decided.values())


async def test_one_event_from_ten_producers_is_one_decision(make_stack: MakeStack) -> None:
    stack = await make_stack()
    settings = stack.settings
    stack.start_worker(0)

    async def produce() -> None:
        async with Feeder(settings.kafka, settings.topic_events) as feeder:
            await feeder.put(b"u-1", login("the-same"))
            await feeder.flush()

    await asyncio.gather(*(produce() for _ in range(10)))
    async with Feeder(settings.kafka, settings.topic_events) as feeder:
        await feeder.put(b"u-1", login("another"))
        await feeder.flush()
    await until_decided(stack, 2)

    assert {"the-same": 1, "another": 1} == Counter(d.event_id for d in await read_decisions(settings))


@pytest.mark.parametrize("share", [0.4, 0.7])
async def test_a_worker_stops_rather_than_bury_a_bad_deploy(make_stack: MakeStack, share: float) -> None:
    stack = await make_stack(partitions=1)
    settings = stack.settings
    rows = [(b"u-1", b"{" if index % 10 < share * 10 else login(f"e{index}")) for index in range(3000)]
    async with Feeder(settings.kafka, settings.topic_events) as feeder:
        await feeder.send(rows)
    worker = stack.start_worker(0)
    if share < settings.invalid_ceiling:
        await until_decided(stack, 1800, dead=1200)
        assert worker.running
        return
    await until(lambda: not worker.running, STOPS_WITHIN_S)

    assert "records are invalid" in worker.log_tail(60)
    assert len(await dead_letters(settings)) < 1000
