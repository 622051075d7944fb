"""Parts that are away or broken: never a pass, and what was decided is published once they are back."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from aiokafka import AIOKafkaConsumer
from msgspec import json
from sqlalchemy import select

from benchmarks.parts.real_parts import PostgresServer
from contracts.errors import Unavailable
from contracts.events import AnyEvent, ChallengeOutcome
from services.audit.tables import audit
from services.cases.outbox import OutboxRelay
from services.cases.outlet import KafkaOutlet
from services.cases.tables import outbox
from services.memory.challenge_record import ChallengeRecord
from services.mfa.service import ChallengesService
from services.mfa.tables import challenges, factors
from services.platform.database import Database
from services.platform.embedded import free_port
from services.platform.settings import Settings
from services.platform.topics import create_topics
from tests.chaos.feed import MACS
from tests.parts.fixtures import started_or_explained
from tests.services.mfa.world import Clock, World, asked, build

_EVENT = json.Decoder(AnyEvent)


class Away:
    """A Redis that does not answer."""

    async def get(self, challenge_id: str) -> ChallengeRecord | None:
        raise Unavailable("store away")


async def kept(world: World) -> list[object]:
    """Everything that a verification may change."""
    return [await world.rows(table) for table in (factors, challenges, audit)]


async def test_an_exception_in_the_midst_of_a_verification_is_a_500_and_not_a_pass(
    world: World, http: httpx.AsyncClient
) -> None:
    secret = await world.enrolled()
    await world.issue("c1")
    before = await kept(world)
    async with world.database.begin() as connection:
        await connection.run_sync(lambda sync: outbox.drop(sync))

    answer = await http.post("/v1/challenges/c1/verify", json={"code": world.code(secret)})

    assert (answer.status_code, answer.json()["type"]) == (500, "urn:payguard:problem:internal")
    assert before == await kept(world)


async def test_without_sql_a_verification_is_unavailable(world: World, http: httpx.AsyncClient) -> None:
    nowhere = Database("sqlite:////no-such-folder/at-all.db")
    service = ChallengesService(nowhere, world.intake, world.checker, world.clock)
    transport: httpx.ASGITransport = http._transport  # type: ignore[assignment]
    transport.app.state.challenges = service  # type: ignore[attr-defined]

    answer = await http.post("/v1/challenges/c1/verify", json={"code": "000000"})

    assert (answer.status_code, answer.json()["type"]) == (503, "urn:payguard:problem:unavailable")
    assert answer.headers["retry-after"] == "1"
    await nowhere.close()


async def test_without_redis_what_sql_knows_is_decided_and_the_rest_is_unavailable(world: World) -> None:
    """Money stays closed: a challenge that cannot be found passes nothing, and a decision waits for Redis itself."""
    secret = await world.enrolled()
    await world.issue("known")
    await world.intake.open([asked("fresh")])
    service = ChallengesService(world.database, Away(), world.checker, world.clock)
    code = world.code(secret)

    with pytest.raises(Unavailable):
        await service.verify("fresh", code)
    with pytest.raises(Unavailable):
        await service.challenge("fresh")
    assert (await service.verify("known", code)).passed


@pytest.fixture
async def killable(parts_folder: Path) -> AsyncIterator[tuple[World, PostgresServer]]:
    """A world on a PostgreSQL of its own, to kill."""
    server = PostgresServer(parts_folder / f"postgres-{secrets.token_hex(4)}")
    started_or_explained(server.start)
    database = Database(server.url())
    await database.migrate()
    yield build(database, Clock()), server
    await database.close()
    server.stop()


@pytest.mark.real
async def test_a_database_that_dies_lets_nobody_pass_and_the_same_code_passes_once_it_is_back(
    killable: tuple[World, PostgresServer],
) -> None:
    world, server = killable
    secret = await world.enrolled()
    await world.issue("c1")
    await world.issue("c2")
    code = world.code(secret)
    server.kill9()

    with pytest.raises(Unavailable):
        await world.service.verify("c1", code)
    await asyncio.to_thread(server.start)

    assert (await world.service.verify("c1", code)).passed
    server.kill9()
    await asyncio.to_thread(server.start)
    assert not (await world.service.verify("c2", code)).passed
    assert (await world.service.verify("c1", code)).passed


@pytest.fixture
async def topic(database_url: str, request: pytest.FixtureRequest) -> Settings:
    """Settings with a topic of their own on the broker that goes with the database."""
    broker = "embedded_kafka" if database_url.startswith("sqlite") else "real_kafka"
    name = f"t{secrets.token_hex(4)}"
    settings = Settings(
        kafka=request.getfixturevalue(broker),
        topic_events=f"{name}-events",
        topic_dead=f"{name}-dead",
        topic_decisions=f"{name}-decisions",
        topic_actions=f"{name}-actions",
        topic_results=f"{name}-results",
        partitions=1,
    )
    for left in reversed(range(10)):
        try:
            await create_topics(settings)
            break
        except Unavailable:
            if not left:
                raise
            await asyncio.sleep(0.5)
    return settings


async def published(settings: Settings, wanted: int) -> list[AnyEvent]:
    """The events of the topic, once there are so many, and what comes within half a second after."""
    consumer = AIOKafkaConsumer(
        settings.topic_events, bootstrap_servers=settings.kafka, auto_offset_reset="earliest"
    )
    await consumer.start()
    found: list[AnyEvent] = []
    try:
        async with asyncio.timeout(60):
            while len(found) < wanted:
                found.append(_EVENT.decode((await consumer.getone()).value))
        for records in (await consumer.getmany(timeout_ms=500)).values():
            found += [_EVENT.decode(record.value) for record in records]
    finally:
        await consumer.stop()
    return found


async def test_an_outcome_is_published_exactly_once_after_the_broker_is_back(
    world: World, topic: Settings
) -> None:
    secret = await world.enrolled()
    await world.issue("c1")
    lost = KafkaOutlet(Settings(kafka=f"127.0.0.1:{free_port()}"), MACS)
    away = OutboxRelay(world.database, lost, world.clock)
    assert (await world.service.verify("c1", world.code(secret))).passed
    with pytest.raises(Unavailable):
        await away.carry()
    async with world.database.read() as connection:
        waiting = list((await connection.execute(select(outbox.c.sent_at))).scalars())
    assert set(waiting) == {None}

    outlet = KafkaOutlet(topic, MACS)
    back = OutboxRelay(world.database, outlet, world.clock)
    assert [await back.carry(), await back.carry()] == [len(waiting), 0]
    await outlet.close()

    events = await published(topic, len(waiting))
    outcomes = [event for event in events if isinstance(event, ChallengeOutcome)]
    assert [(event.challenge_id, event.outcome) for event in outcomes] == [("c1", "passed")]
    assert len(events) == len(waiting)
