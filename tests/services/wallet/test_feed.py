"""The feed of actions: each keeps its place, and the wallet's answer is noted once."""

from __future__ import annotations

import asyncio
from typing import Any

import psycopg
import pytest
from sqlalchemy import event

from contracts.errors import Unavailable
from services.cases.outbox import OutboxRelay, Outgoing, action, put
from services.platform.database import Database
from services.wallet.actions import WalletAction
from services.wallet.feed import ActionFeed, publish, unacknowledged

NOW = 1_796_040_000.0


def freeze(number: int = 1) -> WalletAction:
    return WalletAction(action_id=f"a{number}", kind="freeze", account_id="li", event_id="e", at=NOW - 1)


@pytest.fixture
async def feed(database: Database) -> ActionFeed:
    async with database.begin() as connection:
        await publish(connection, [freeze(number) for number in range(1, 5)], NOW)
    return ActionFeed(database, lambda: NOW + 3)


async def test_actions_are_read_behind_a_place_in_their_order(feed: ActionFeed) -> None:
    first = await feed.after(0, 3)
    rest = await feed.after(first[-1].sequence, 3)

    assert [each.action_id for each in first + rest] == ["a1", "a2", "a3", "a4"]


async def test_an_action_told_again_keeps_its_place(feed: ActionFeed, database: Database) -> None:
    before = await feed.after(0, 10)
    async with database.begin() as connection:
        await publish(connection, [freeze(2), freeze(9)], NOW + 60)

    assert [each.action_id for each in await feed.after(before[-1].sequence, 10)] == ["a9"]
    assert (await feed.after(0, 10))[:4] == before


async def test_whoever_waits_is_answered_when_something_comes(
    feed: ActionFeed,
    database: Database,
) -> None:
    last = (await feed.after(0, 10))[-1].sequence
    waiting = asyncio.create_task(feed.after(last, 10, wait_s=30.0))
    await asyncio.sleep(0)
    async with database.begin() as connection:
        await publish(connection, [freeze(7)], NOW)

    assert [each.action_id for each in await asyncio.wait_for(waiting, 60)] == ["a7"]


async def test_whoever_waits_in_vain_is_answered_with_nothing(feed: ActionFeed) -> None:
    assert await feed.after(10**9, 10, wait_s=0.05) == []


async def test_the_first_answer_stands(feed: ActionFeed) -> None:
    noted = await feed.acknowledge("a1", "done", "key:wallet")
    again = await feed.acknowledge("a1", "failed", "key:wallet")

    assert noted is not None
    assert (noted.result, noted.result_at) == ("done", NOW + 3)
    assert again == noted


async def test_what_failed_may_be_done_later(feed: ActionFeed) -> None:
    await feed.acknowledge("a1", "failed", "key:wallet", "ledger away")
    noted = await feed.acknowledge("a1", "already", "key:wallet")

    assert noted is not None
    assert (noted.result, noted.detail) == ("already", None)


async def test_an_action_that_is_none_is_not_acknowledged(feed: ActionFeed) -> None:
    assert await feed.acknowledge("b1", "done", "key:wallet") is None


async def test_an_action_told_while_its_answer_is_looked_for_is_not_taken_as_noted(
    database: Database,
) -> None:
    if database.is_sqlite:
        return  # it has one writer at a time
    looked: list[str] = []

    def tell(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        if "wallet_actions" in statement and not looked:
            looked.append(statement)
            with psycopg.connect(database.url.set(drivername="postgresql").render_as_string(False)) as other:
                other.execute(
                    "INSERT INTO wallet_actions (action_id, kind, account_id, event_id, at, published_at)"
                    " VALUES ('a1', 'freeze', 'li', 'e', 1, 2)"
                )

    feed = ActionFeed(database, lambda: NOW)
    event.listen(database.engine.sync_engine, "after_cursor_execute", tell)
    assert await feed.acknowledge("a1", "done", "topic") is None
    told = await feed.acknowledge("a1", "done", "topic")

    assert told is not None
    assert told.result == "done"


async def test_what_is_done_waits_no_more_and_what_failed_does(
    feed: ActionFeed,
    database: Database,
) -> None:
    await feed.acknowledge("a1", "done", "key:wallet")
    await feed.acknowledge("a2", "failed", "key:wallet")

    async with database.read() as connection:
        (waiting,) = await unacknowledged(connection)

    assert (waiting.kind, waiting.count, waiting.since) == ("freeze", 3, NOW)


async def test_actions_are_in_the_feed_although_the_broker_is_away(database: Database) -> None:
    class Away:
        async def produce(self, records: object) -> None:
            raise Unavailable("Kafka away", "kafka_away")

    async with database.begin() as connection:
        event = Outgoing("o1", "event", "li", b"{}")
        await put(connection, [action(freeze(1)), event, action(freeze(2))], NOW)

    with pytest.raises(Unavailable):
        await OutboxRelay(database, Away(), lambda: NOW).carry()

    assert [each.action_id for each in await ActionFeed(database, lambda: NOW).after(0, 10)] == ["a1", "a2"]
