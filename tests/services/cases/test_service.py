"""The cases process on a broker: decisions in, rows and actions out, through faults."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any
from uuid import uuid4

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from msgspec import DecodeError, json
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.decisions import Decision, IssueChallenge, effect_id
from contracts.errors import Unavailable
from contracts.topics import HEADER_EFFECTS
from services.cases.repository import Recorded
from services.cases.service import CasesService, measure
from services.cases.tables import alerts, outbox
from services.platform.database import Database
from services.platform.metrics import OLDEST_CASE, OPEN_CASES, OUTBOX_PENDING
from services.platform.settings import Settings
from tests.chaos.stack import EVENT_KEY
from tests.services.cases.decided import alert, everything, no_challenges, recorded

on_both = pytest.mark.parametrize(
    ("broker", "database_url"),
    [("embedded_kafka", "sqlite"), pytest.param("real_kafka", "postgresql", marks=pytest.mark.real)],
    indirect=True,
)


@pytest.fixture
async def broker(request: pytest.FixtureRequest) -> Settings:
    """Settings with topics of their own on a broker."""
    address: str = request.getfixturevalue(request.param)
    mark = uuid4().hex[:8]
    settings = Settings(
        kafka=address,
        event_key=EVENT_KEY,
        topic_decisions=f"decisions-{mark}",
        topic_actions=f"actions-{mark}",
        topic_results=f"action-results-{mark}",
        topic_events=f"account-events-{mark}",
        cases_group=f"cases-{mark}",
        results_group=f"results-{mark}",
        session_timeout_s=1.0 if request.param == "embedded_kafka" else 6.0,
    )
    admin = AIOKafkaAdminClient(bootstrap_servers=address)
    await admin.start()
    names = (settings.topic_decisions, settings.topic_actions, settings.topic_events, settings.topic_results)
    await admin.create_topics([NewTopic(name, 2, 1) for name in names])
    await admin.close()
    return settings


async def produce(settings: Settings, *records: Recorded | bytes, effects: bool = True) -> None:
    producer = AIOKafkaProducer(bootstrap_servers=settings.kafka, acks="all")
    await producer.start()
    headers = [(HEADER_EFFECTS, b"1")] if effects else []
    for record in records:
        value = record if isinstance(record, bytes) else record.body
        await producer.send_and_wait(settings.topic_decisions, value, key=b"li", headers=headers)
    await producer.stop()


async def read(settings: Settings, topic: str, count: int) -> list[dict[str, Any]]:
    consumer = AIOKafkaConsumer(topic, bootstrap_servers=settings.kafka, auto_offset_reset="earliest")
    await consumer.start()
    try:
        async with asyncio.timeout(60):
            return [json.decode((await consumer.getone()).value) for _ in range(count)]
    finally:
        await consumer.stop()


async def counted(database: Database, table: Any) -> int:
    async with database.read() as connection:
        return int(await connection.scalar(select(func.count()).select_from(table)) or 0)


async def until(condition: Callable[[], Awaitable[bool]], limit_s: float = 60.0) -> None:
    deadline = time.monotonic() + limit_s
    while not await condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        await asyncio.sleep(0.05)


class Running:
    """A service at work for the length of a with block; stops it and shows its error."""

    def __init__(self, settings: Settings, database: Database, record_issued: Any = no_challenges) -> None:
        self.service = CasesService(settings, database, record_issued, time.time)

    async def __aenter__(self) -> CasesService:
        self.task = asyncio.create_task(self.service.run())
        return self.service

    async def __aexit__(self, *_: object) -> None:
        self.service.stop()
        await asyncio.wait_for(self.task, 60)


@on_both
async def test_decisions_become_rows_and_actions(broker: Settings, database: Database) -> None:
    await produce(broker, recorded("e1", effects=everything("e1")))
    async with Running(broker, database):
        actions = await read(broker, broker.topic_actions, 2)

    assert [(action["kind"], action["action_id"], action["account_id"]) for action in actions] == [
        ("freeze", effect_id("li", "e1", "freeze"), "li"),
        ("revoke_sessions", effect_id("li", "e1", "revoke_sessions"), "li"),
    ]
    assert await counted(database, alerts) == 1


@on_both
async def test_only_records_that_say_so_are_read(broker: Settings, database: Database) -> None:
    await produce(broker, b"not even a decision", effects=False)
    await produce(broker, recorded("e2", effects=(alert("e2"),)))

    async def recorded_one() -> bool:
        return await counted(database, alerts) == 1

    async with Running(broker, database):
        await until(recorded_one)


@on_both
async def test_a_process_killed_in_a_batch_leaves_nothing_and_the_next_does_it_once(
    broker: Settings, database: Database
) -> None:
    reached = asyncio.Event()

    async def hang(*_: object) -> None:
        reached.set()
        await asyncio.Event().wait()

    await produce(broker, recorded("e1", effects=everything("e1")))
    first = asyncio.create_task(CasesService(broker, database, hang, time.time).run())
    await asyncio.wait_for(reached.wait(), 60)
    first.cancel()
    with pytest.raises(asyncio.CancelledError):
        await first

    assert await counted(database, alerts) == 0

    async with Running(broker, database):
        await read(broker, broker.topic_actions, 2)

    assert (await counted(database, alerts), await counted(database, outbox)) == (1, 2)


@on_both
async def test_a_database_that_was_away_gets_the_same_batch_again(
    broker: Settings, database: Database
) -> None:
    tries = 0

    async def away_at_first(
        _connection: AsyncConnection, _decision: Decision, _effect: IssueChallenge, _at: float
    ) -> None:
        nonlocal tries
        tries += 1
        if tries <= 2:
            raise Unavailable("test")

    await produce(broker, recorded("e1", effects=everything("e1")))
    async with Running(broker, database, away_at_first):
        await read(broker, broker.topic_actions, 2)

    assert (tries, await counted(database, alerts)) == (3, 1)


@on_both
async def test_what_was_committed_is_not_read_again(broker: Settings, database: Database) -> None:
    await produce(broker, recorded("e1", effects=everything("e1")))
    async with Running(broker, database):
        await read(broker, broker.topic_actions, 2)
    seen: list[str] = []

    async def note(_connection: AsyncConnection, decision: Decision, _effect: object, _at: float) -> None:
        seen.append(decision.event_id)

    async def second_seen() -> bool:
        return "e2" in seen

    await produce(broker, recorded("e2", effects=everything("e2")))
    async with Running(broker, database, note):
        await until(second_seen)

    assert seen == ["e2"]


@on_both
async def test_an_undecodable_decision_ends_the_process(broker: Settings, database: Database) -> None:
    await produce(broker, b"{broken")
    service = CasesService(broker, database, no_challenges, time.time)
    with pytest.raises(ExceptionGroup) as caught:
        await asyncio.wait_for(service.run(), 60)

    assert caught.value.subgroup(DecodeError) is not None


async def test_it_stops_while_the_broker_is_away(database: Database) -> None:
    service = CasesService(
        Settings(kafka="127.0.0.1:9", event_key=EVENT_KEY), database, no_challenges, time.time
    )
    running = asyncio.create_task(service.run())
    await asyncio.sleep(0)
    service.stop()
    await asyncio.wait_for(running, 60)


async def test_a_long_batch_that_breaks_off_is_finished_by_its_repeat(database: Database) -> None:
    away = True

    async def away_at_the_last(
        _connection: AsyncConnection, decision: Decision, _effect: object, _at: float
    ) -> None:
        if away and decision.event_id == "e449":
            raise Unavailable("test")

    batch = [recorded(f"e{n}", f"account-{n}", everything(f"e{n}")) for n in range(450)]
    service = CasesService(Settings(event_key=EVENT_KEY), database, away_at_the_last, time.time)
    with pytest.raises(Unavailable):
        await service.apply(batch)

    assert await counted(database, alerts) == 400

    away = False
    await service.apply(batch)

    assert (await counted(database, alerts), await counted(database, outbox)) == (450, 900)


async def test_gauges_show_open_cases_and_what_waits(database: Database) -> None:
    service = CasesService(Settings(event_key=EVENT_KEY), database, no_challenges, time.time)
    await service.apply([recorded("e1", effects=everything("e1"), at=100.0)])
    await measure(database, 160.0)

    assert OPEN_CASES.labels("high")._value.get() == 1
    assert OLDEST_CASE._value.get() == 60.0
    assert OUTBOX_PENDING.labels("action")._value.get() == 2
