"""What the cases process needs is full, away or locked: it says so, loses nothing, doubles nothing, and goes on by itself."""

from __future__ import annotations

import asyncio
import re
import sqlite3
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from msgspec import json

from benchmarks.parts.real_parts import KafkaCluster, PostgresServer
from contracts.topics import HEADER_EFFECTS
from services.platform.embedded import free_port
from tests.chaos import disks
from tests.chaos.disks import Disk
from tests.chaos.polling import until
from tests.chaos.stack import Stack, stack_settings
from tests.parts.fixtures import started_or_explained
from tests.services.cases.decided import alert, freeze, notify, open_case, recorded

pytestmark = [pytest.mark.real, pytest.mark.chaos, pytest.mark.timeout(600)]

BATCH = 300
PAD = 2_000
NOTICED_WITHIN_S = 120.0
BACK_WITHIN_S = 120.0


class Cases:
    """The cases process, its pages, and the decisions it is given."""

    def __init__(self, kafka: str, database: str, folder: Path) -> None:
        self.port = free_port()
        settings = stack_settings(kafka, "redis://127.0.0.1:9", database, folder, metrics_port=self.port)
        self.stack = Stack(settings, folder)
        self.sent: list[str] = []

    async def start(self) -> int:
        """Start it; its process id."""
        await self.stack.prepare()
        pid = self.stack.start_cases().pid
        await until(self.ready, 120.0)
        return pid

    async def decide(self, count: int) -> None:
        """Decisions that each freeze an account."""
        settings = self.stack.settings
        producer = AIOKafkaProducer(bootstrap_servers=settings.kafka, acks="all")
        await producer.start()
        for number in range(len(self.sent), len(self.sent) + count):
            event, account = f"e{number}", f"account-{number}"
            effects = (
                freeze(event, account),
                alert(event, account_id=account),
                open_case(event, account_id=account),
                notify(event, account_id=account),
            )
            record = recorded(event, account, effects, at=time.time(), policy_version="p" * PAD)
            await producer.send(
                settings.topic_decisions, record.body, key=event.encode(), headers=[(HEADER_EFFECTS, b"1")]
            )
            self.sent.append(effects[0].effect_id)
        await producer.stop()

    def page(self, path: str) -> httpx.Response:
        return httpx.get(f"http://127.0.0.1:{self.port}{path}", timeout=60.0)

    def ready(self) -> bool:
        try:
            return self.page("/readyz").status_code == 200
        except httpx.TransportError:
            return False

    def figure(self, series: str) -> float:
        """A figure of its metrics page, 0 when it is not there."""
        found = re.search(rf"^{re.escape(series)} (\S+)$", self.page("/metrics").text, re.MULTILINE)
        return float(found[1]) if found else 0.0

    def failing(self) -> bool:
        """What the alert ConsumerFailing asks."""
        return self.figure('payguard_consumer_failing{consumer="cases"}') == 1.0

    async def frozen(self) -> Counter[str]:
        """Every action on the topic, by id, until each that is due was seen once."""
        settings = self.stack.settings
        consumer = AIOKafkaConsumer(
            settings.topic_actions, bootstrap_servers=settings.kafka, auto_offset_reset="earliest"
        )
        await consumer.start()
        found: Counter[str] = Counter()
        try:
            async with asyncio.timeout(BACK_WITHIN_S):
                while len(found) < len(self.sent):
                    for records in (await consumer.getmany(timeout_ms=200)).values():
                        found.update(json.decode(record.value)["action_id"] for record in records)
        finally:
            await consumer.stop()
        return found

    def lines(self) -> list[str]:
        """What its log says of the consumer of decisions."""
        log = (self.stack.folder / "cases.log").read_text()
        return [line for line in log.splitlines() if "services.platform.progress cases " in line]

    async def recovered(self, trouble: str, freed_at: float) -> None:
        """Nothing is lost or doubled, it is ready again, and the log has two lines."""
        frozen = await self.frozen()
        took_s = time.monotonic() - freed_at
        await until(lambda: self.ready() and not self.failing(), BACK_WITHIN_S)
        print(
            f"{trouble}: recovered in {took_s:.1f} s, lost {len(set(self.sent) - set(frozen))}, "
            f"double {sum(frozen.values()) - len(frozen)}, ConsumerFailing fired and resolved"
        )

        assert frozen == Counter(self.sent)
        await until(lambda: len(self.lines()) == 2, BACK_WITHIN_S)
        assert [("does not go on" in line, "goes on again" in line) for line in self.lines()] == [
            (True, False),
            (False, True),
        ]


@pytest.fixture(params=["quota", "sqlite", "postgresql"])
def disk(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Disk]:
    if request.param == "quota":
        yield disks.Quota(tmp_path)
        return
    if request.param == "sqlite":
        with disks.mounted(tmp_path) as place:
            yield disks.sqlite_on(place)
        return
    server: PostgresServer = request.getfixturevalue("real_postgres_server")
    with disks.mounted(server.folder) as place:
        made = disks.postgresql_on(place, server)
        yield made
        disks.drop(made, server)


async def test_a_full_disk_is_said_and_no_freeze_is_lost(
    real_kafka: str, disk: Disk, tmp_path: Path, long: bool
) -> None:
    cases = Cases(real_kafka, disk.url, tmp_path)
    try:
        pid = await cases.start()
        for _ in range(5 if long else 1):
            await cases.decide(BATCH)
            await cases.frozen()
            disk.fill(pid)
            await cases.decide(4 * BATCH)
            await until(cases.failing, NOTICED_WITHIN_S)

            assert cases.page("/readyz").status_code == 503
            assert cases.page("/healthz").status_code == 200
            assert cases.figure('payguard_consumer_oldest_seconds{consumer="cases"}') > 1.0
            assert re.search(
                r'payguard_consumer_failures_total\{consumer="cases",reason="disk_(full|error)"\}',
                cases.page("/metrics").text,
            )

            disk.free(pid)
            await cases.recovered(f"disk full, {disk.url.partition(':')[0]}", time.monotonic())
            (tmp_path / "cases.log").write_text("")
    finally:
        cases.stack.stop()
        print(cases.stack.logs())


async def test_a_database_that_is_locked_for_long_is_said(real_kafka: str, tmp_path: Path) -> None:
    cases = Cases(real_kafka, f"sqlite:///{tmp_path / 'locked.db'}", tmp_path)
    try:
        await cases.start()
        holder = sqlite3.connect(tmp_path / "locked.db", isolation_level=None)
        holder.execute("BEGIN IMMEDIATE")
        await cases.decide(BATCH)
        await until(cases.failing, NOTICED_WITHIN_S)

        assert "database_locked" in cases.page("/readyz").text

        holder.execute("ROLLBACK")
        holder.close()
        await cases.recovered("database locked", time.monotonic())
    finally:
        cases.stack.stop()
        print(cases.stack.logs())


async def test_a_broker_that_goes_away_is_said_though_nothing_was_asked_of_it(tmp_path: Path) -> None:
    cluster = KafkaCluster(tmp_path / "kafka", heap="384m")
    try:
        started_or_explained(cluster.start)
        cases = Cases(cluster.bootstrap, f"sqlite:///{tmp_path / 'broker.db'}", tmp_path)
        try:
            await cases.start()
            await cases.decide(BATCH)
            await cases.frozen()
            cluster.kill9()
            await until(cases.failing, NOTICED_WITHIN_S)

            assert "kafka_away" in cases.page("/readyz").text

            back_at = time.monotonic()
            await asyncio.to_thread(cluster.restart)
            await cases.decide(BATCH)
            await cases.recovered("broker killed", back_at)
        finally:
            cases.stack.stop()
            print(cases.stack.logs())
    finally:
        cluster.stop()


async def test_a_server_that_is_killed_is_said(real_kafka: str, parts_folder: Path, tmp_path: Path) -> None:
    # Not in the test's own folder: PostgreSQL runs as a user who may not enter that.
    server = PostgresServer(parts_folder / "killed-postgres")
    try:
        started_or_explained(server.start)
        cases = Cases(real_kafka, server.url().replace("postgresql+psycopg", "postgresql"), tmp_path)
        try:
            await cases.start()
            server.kill9()
            await cases.decide(BATCH)
            await until(cases.failing, NOTICED_WITHIN_S)

            assert "database_away" in cases.page("/readyz").text

            back_at = time.monotonic()
            await asyncio.to_thread(server.start)
            await cases.recovered("database killed", back_at)
        finally:
            cases.stack.stop()
            print(cases.stack.logs())
    finally:
        server.stop()
