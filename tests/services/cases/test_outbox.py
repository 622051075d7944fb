"""The relay: in order, nothing lost, and a repeat keeps its identity."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.errors import Unavailable
from services.cases import outbox
from services.cases.outbox import TELLING, OutboxRelay, Outgoing
from services.cases.tables import outbox as table
from services.platform.database import Database
from services.wallet.actions import WalletAction
from services.wallet.feed import ActionFeed

RECORDS = [
    outbox.action(
        WalletAction(action_id=f"a{number}", kind="freeze", account_id="li", event_id="e", at=float(number))
    )
    for number in range(5)
]


class Topic:
    """Takes records, or is away; can stop the relay between produce and mark."""

    def __init__(self) -> None:
        self.records: list[Outgoing] = []
        self.away = False
        self.hang_after = asyncio.Event()
        self.hangs = False

    async def produce(self, records: Sequence[Outgoing]) -> None:
        if self.away:
            raise Unavailable("Kafka away: test")
        self.records += records
        if self.hangs:
            self.hang_after.set()
            await asyncio.Event().wait()


async def put(database: Database, records: Sequence[Outgoing] = RECORDS) -> None:
    async with database.begin() as connection:
        await outbox.put(connection, records, 1.0)


async def kept(database: Database) -> list[Any]:
    async with database.read() as connection:
        return list((await connection.execute(select(table).order_by(table.c.id))).mappings())


async def test_rows_are_carried_once_and_in_order(database: Database) -> None:
    topic = Topic()
    relay = OutboxRelay(database, topic, lambda: 9.0, batch_rows=2)
    await put(database)

    assert [await relay.carry() for _ in range(4)] == [2, 2, 1, 0]
    assert topic.records == RECORDS
    assert {row["sent_at"] for row in await kept(database)} == {9.0}


async def test_a_row_that_is_there_already_is_not_put_again(database: Database) -> None:
    topic = Topic()
    await put(database)
    await put(database, [Outgoing("a1", "action", "li", b"other"), Outgoing("b1", "event", "li", b"{}")])
    await OutboxRelay(database, topic, lambda: 9.0).carry()

    assert [record.identity for record in topic.records] == ["a0", "a1", "a2", "a3", "a4", "b1"]
    assert topic.records[1] == RECORDS[1]


async def test_messages_go_by_a_relay_of_their_own_and_keep_no_action_back(database: Database) -> None:
    topic, missing = Topic(), Topic()
    missing.away = True
    told = Outgoing("m1", "message", "li", b"{}")
    await put(database, [told, *RECORDS])

    with pytest.raises(Unavailable):
        await OutboxRelay(database, missing, lambda: 9.0, kinds=TELLING).carry()
    assert await OutboxRelay(database, topic, lambda: 9.0).carry() == len(RECORDS)
    assert topic.records == RECORDS
    async with database.read() as connection:
        waiting = await outbox.pending(connection)
    assert (waiting.actions, waiting.messages, waiting.since, waiting.messages_since) == (0, 1, None, 1.0)

    assert await OutboxRelay(database, topic, lambda: 9.0, kinds=TELLING).carry() == 1
    assert topic.records[-1] == told


async def test_rows_wait_while_the_broker_is_away_and_say_why(database: Database) -> None:
    topic = Topic()
    topic.away = True
    relay = OutboxRelay(database, topic, lambda: 9.0)
    await put(database)
    with pytest.raises(Unavailable):
        await relay.carry()

    assert {(row["sent_at"], row["attempts"], row["last_error"]) for row in await kept(database)} == {
        (None, 1, "Kafka away: test")
    }

    topic.away = False
    await relay.carry()

    assert topic.records == RECORDS
    assert {row["last_error"] for row in await kept(database)} == {None}


async def test_a_relay_killed_between_produce_and_mark_repeats_the_same_identities(
    database: Database,
) -> None:
    topic = Topic()
    topic.hangs = True
    await put(database)
    relay = asyncio.create_task(OutboxRelay(database, topic, lambda: 9.0).carry())
    await topic.hang_after.wait()
    relay.cancel()
    with pytest.raises(asyncio.CancelledError):
        await relay
    topic.hangs = False
    await OutboxRelay(database, topic, lambda: 9.0).carry()

    assert topic.records == RECORDS + RECORDS


@pytest.mark.real
async def test_two_relays_on_postgresql_take_turns(database: Database) -> None:
    if database.is_sqlite:
        return
    topic = Topic()
    topic.hangs = True
    await put(database)
    first = asyncio.create_task(OutboxRelay(database, topic, lambda: 9.0).carry())
    await topic.hang_after.wait()

    assert await OutboxRelay(database, topic, lambda: 9.0).carry() == 0

    first.cancel()
    with pytest.raises(asyncio.CancelledError):
        await first


async def test_pending_counts_what_is_not_sent(database: Database) -> None:
    await put(database)
    await put(database, [Outgoing("b1", "event", "li", b"{}")])
    async with database.read() as connection:
        found = await outbox.pending(connection)

    assert (found.actions, found.events) == (5, 1)
    assert found.since is not None


class Full(Database):
    """A database on a disk that may be full: it is read, and takes nothing."""

    full = False

    @asynccontextmanager
    async def begin(self) -> AsyncIterator[AsyncConnection]:
        if self.full:
            raise Unavailable("database away: OperationalError", "disk_full")
        async with super().begin() as connection:
            yield connection


async def test_rows_that_could_not_be_marked_are_not_produced_again(tmp_path: Path) -> None:
    database = Full(f"sqlite:///{tmp_path / 'full.db'}")
    await database.migrate()
    topic = Topic()
    relay = OutboxRelay(database, topic, lambda: 9.0)
    await put(database)
    database.full = True
    for _ in range(3):
        with pytest.raises(Unavailable):
            await relay.carry()
    database.full = False
    await relay.carry()
    found = {row["sent_at"] for row in await kept(database)}
    await database.close()

    assert topic.records == RECORDS
    assert found == {9.0}


class _Overtaken(OutboxRelay):
    """A relay that finds rows which came while it was at work."""

    async def _fresh(self) -> list[tuple[int, Outgoing]]:
        await put(self._database)
        return await super()._fresh()


class _NotedMeanwhile(OutboxRelay):
    """A relay whose second look is answered only after all it produced was noted as sent."""

    looks = 0

    async def _unsent(self, limit: int) -> list[tuple[int, Outgoing]]:
        self.looks += 1
        found = await super()._unsent(limit)
        if self.looks == 2:
            await self._note()
        return found


async def test_what_is_noted_as_sent_during_a_look_is_not_produced_again(database: Database) -> None:
    topic = Topic()
    await put(database)

    assert await _NotedMeanwhile(database, topic, lambda: 9.0).carry() == len(RECORDS)
    assert topic.records == RECORDS


class _Unpublishing(OutboxRelay):
    """A relay that cannot write the feed at its first try."""

    refusals = 1

    async def _publish(self) -> None:
        if self.refusals:
            self.refusals -= 1
            raise Unavailable("the database only reads: test")
        await super()._publish()


async def test_an_action_that_comes_while_the_relay_works_is_in_the_feed_when_it_counts_as_sent(
    database: Database,
) -> None:
    topic = Topic()
    await _Overtaken(database, topic, lambda: 9.0).carry()

    assert {row["sent_at"] for row in await kept(database)} == {9.0}
    assert (
        await fed(database) == [record.identity for record in topic.records] == ["a0", "a1", "a2", "a3", "a4"]
    )


async def test_an_action_that_the_feed_could_not_take_goes_to_kafka_and_is_fed_later(
    database: Database,
) -> None:
    topic = Topic()
    relay = _Unpublishing(database, topic, lambda: 9.0)
    await put(database)
    with pytest.raises(Unavailable):
        await relay.carry()
    unmarked = {row["sent_at"] for row in await kept(database)}
    await relay.carry()

    assert unmarked == {None}
    assert (
        await fed(database) == [record.identity for record in topic.records] == ["a0", "a1", "a2", "a3", "a4"]
    )
    assert {row["sent_at"] for row in await kept(database)} == {9.0}


async def fed(database: Database) -> list[str]:
    return [action.action_id for action in await ActionFeed(database, lambda: 9.0).after(0, 100)]
