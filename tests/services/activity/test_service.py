"""The activity process on a broker: every event one row, through repeats and faults."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import date
from uuid import uuid4

import pytest
from aiokafka import AIOKafkaProducer, ConsumerRecord
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from sqlalchemy import func, select, text

from contracts.events import AnyEvent, Erasure, Login, UserReport, to_wire
from services.activity.service import ActivityService
from services.activity.tables import activity
from services.enrichment.enrich import Enricher
from services.enrichment.user_agents import UserAgents
from services.events.decode import Record
from services.events.own_events import event_macs
from services.memory.pseudonyms import Pseudonyms
from services.platform.database import Database
from services.platform.progress import Consumers
from services.platform.settings import Settings
from tests.chaos.stack import EVENT_KEY

AT_MS = 1_796_040_000_000
DAY_MS = 86_400_000


@pytest.fixture
async def broker(request: pytest.FixtureRequest) -> Settings:
    """Settings with a topic of their own on a broker."""
    address: str = request.getfixturevalue(request.param)
    mark = uuid4().hex[:8]
    settings = Settings(
        kafka=address,
        event_key=EVENT_KEY,
        topic_events=f"account-events-{mark}",
        activity_group=f"activity-{mark}",
        session_timeout_s=1.0 if request.param == "embedded_kafka" else 6.0,
    )
    admin = AIOKafkaAdminClient(bootstrap_servers=address)
    await admin.start()
    await admin.create_topics([NewTopic(settings.topic_events, 2, 1)])
    await admin.close()
    return settings


@asynccontextmanager
async def running(settings: Settings, database: Database) -> AsyncIterator[None]:
    enricher = Enricher(Pseudonyms(bytes(32)), None, None, None, UserAgents(), as_of=date(2026, 11, 30))
    service = ActivityService(
        settings, database, enricher, event_macs(settings).check, time.time, Consumers()
    )
    task = asyncio.create_task(service.run())
    try:
        yield
    finally:
        service.stop()
        await asyncio.wait_for(task, 60)


async def send(settings: Settings, *values: bytes) -> None:
    producer = AIOKafkaProducer(bootstrap_servers=settings.kafka, acks="all")
    await producer.start()
    for value in values:
        await producer.send_and_wait(settings.topic_events, value, key=b"li")
    await producer.stop()


async def until_rows(database: Database, wanted: int) -> None:
    async with asyncio.timeout(60):
        while True:
            async with database.read() as connection:
                found = await connection.scalar(select(func.count()).select_from(activity))
            if found == wanted:
                return
            await asyncio.sleep(0.05)


def login(number: int) -> bytes:
    return to_wire(
        Login(event_id=f"e{number}", account_id="li", occurred_at=AT_MS + number, outcome="success")
    )


@pytest.mark.parametrize(
    ("broker", "database_url"),
    [("embedded_kafka", "sqlite"), pytest.param("real_kafka", "postgresql", marks=pytest.mark.real)],
    indirect=True,
)
async def test_every_event_has_one_row_whatever_comes_twice_or_is_no_event(
    broker: Settings,
    database: Database,
) -> None:
    await send(broker, *(login(number) for number in range(20)))
    async with running(broker, database):
        forged = to_wire(
            UserReport(
                event_id="r", account_id="li", occurred_at=AT_MS, about_event_id="e1", verdict="was_me"
            )
        )
        await send(broker, b"{nonsense", forged, *(login(number) for number in range(10, 40)))
        await until_rows(database, 40)
    async with running(broker, database):
        await send(broker, login(0), login(40))
        await until_rows(database, 41)


def believe(_event: AnyEvent, _record: Record) -> None:
    """Whoever signed it."""


def service_of(database: Database, most: int) -> ActivityService:
    enricher = Enricher(Pseudonyms(bytes(32)), None, None, None, UserAgents(), as_of=date(2026, 11, 30))
    settings = Settings(event_key=EVENT_KEY, batch_records=most)
    return ActivityService(settings, database, enricher, believe, time.time, Consumers())


def as_records(values: Sequence[bytes]) -> list[ConsumerRecord]:
    return [
        ConsumerRecord("account-events", 0, offset, AT_MS, 0, b"li", value, None, 2, len(value), ())
        for offset, value in enumerate(values)
    ]


async def kept(database: Database) -> list[str]:
    async with database.read() as connection:
        found = (await connection.execute(select(activity.c.event_id))).scalars().all()
    return sorted(found)


async def test_of_many_parts_each_event_is_kept_once(database: Database) -> None:
    """While one part is written the next is read; what repeats may stand in the same part or in another."""
    numbers = [*range(900), *range(850, 1_300), *range(40), 7, 7]
    records = as_records([login(number) for number in numbers])
    service = service_of(database, 250)
    await service.keep(records)
    await service.keep(records[100:700])
    assert await kept(database) == sorted({f"e{number}" for number in numbers})


async def test_a_batch_is_kept_whole_whatever_of_it_came_before(database: Database) -> None:
    """New ones, with one twice in the batch; some of which the last are there already; and new ones after that."""
    service = service_of(database, 250)
    for numbers in (
        [0],
        [*range(1, 700), 5],
        [*range(1_000, 1_600), 3],
        range(2_000, 2_500),
        range(2_400, 2_600),
    ):
        await service.keep(as_records([login(number) for number in numbers]))
    wanted = {*range(700), *range(1_000, 1_600), *range(2_000, 2_600)}
    assert await kept(database) == sorted(f"e{number}" for number in wanted)


async def test_a_month_first_met_within_a_batch_gets_its_partition(database: Database) -> None:
    service = service_of(database, 250)
    await service.keep(as_records([login(0)]))
    another = [login(number - 40 * DAY_MS) for number in range(5)]
    await service.keep(as_records([*(login(number) for number in range(1, 650)), *another]))
    assert len(await kept(database)) == 655
    if not database.is_sqlite:
        query = text("SELECT count(*) FROM activity_access_rest")
        async with database.read() as connection:
            assert await connection.scalar(query) == 0


async def test_an_erasure_within_a_batch_leaves_what_came_after_it(database: Database) -> None:
    service = service_of(database, 250)
    await service.keep(as_records([login(0)]))
    erasure = to_wire(Erasure(event_id="gone", account_id="li", occurred_at=AT_MS + 600))
    before, after = ([login(number) for number in range(first, first + 500)] for first in (1, 1_000))
    await service.keep(as_records([*before, erasure, *after]))
    assert await kept(database) == sorted(f"e{number}" for number in range(1_000, 1_500))
