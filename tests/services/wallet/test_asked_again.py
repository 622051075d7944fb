"""An action that the wallet is asked for again: seen again by whoever follows the feed, and answered at any moment."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from random import Random

import pytest
from sqlalchemy import select, update

from services.cases.outbox import OutboxRelay, Outgoing, action, put
from services.cases.tables import outbox
from services.platform.database import Database
from services.wallet.feed import ActionFeed, ask_again
from services.wallet.tables import wallet_actions, webhook_deliveries, webhooks
from services.wallet.webhooks import found, spread
from tests.services.wallet.test_feed import NOW, freeze

IDS = ["a1", "a2", "a3"]


class Topic:
    """A producer that keeps what it is given."""

    def __init__(self) -> None:
        self.told: list[str] = []

    async def produce(self, records: Sequence[Outgoing]) -> None:
        await asyncio.sleep(0)
        self.told += [each.identity for each in records]


class Asking:
    """A feed of three actions that its wallet knows, and the relay that writes it."""

    def __init__(self, database: Database) -> None:
        self.database, self.topic = database, Topic()
        self.feed = ActionFeed(database, lambda: NOW + 3)
        self.relay = OutboxRelay(database, self.topic, lambda: NOW + 1)

    async def begin(self) -> None:
        async with self.database.begin() as connection:
            await put(connection, [action(freeze(number)) for number in (1, 2, 3)], NOW)
        await self.relay.carry()

    async def again(self, *ids: str) -> list[str]:
        """Ask as the desk does."""
        async with self.database.begin() as connection:
            asked = await ask_again(connection, ids, NOW + 2)
            this = outbox.c.identity.in_(asked)
            await connection.execute(update(outbox).where(this).values(sent_at=None))
        return asked

    async def behind(self, sequence: int) -> list[str]:
        return [each.action_id for each in await self.feed.after(sequence, 10)]

    async def last(self) -> int:
        return (await self.feed.after(0, 10))[-1].sequence


@pytest.fixture
async def asking(database: Database) -> Asking:
    made = Asking(database)
    await made.begin()
    return made


async def test_a_wallet_that_follows_the_feed_sees_it_again(asking: Asking) -> None:
    last = await asking.last()
    await asking.again("a2")

    await asking.relay.carry()

    assert await asking.behind(last) == ["a2"]
    assert await asking.behind(0) == ["a1", "a3", "a2"]
    assert asking.topic.told == [*IDS, "a2"]


async def test_it_is_seen_again_once_and_waits_since_it_was_first_told(asking: Asking) -> None:
    before = await asking.feed.find("a2")
    await asking.again("a2")
    await asking.relay.carry()
    last = await asking.last()

    await asking.relay.carry()

    after = await asking.feed.find("a2")
    assert before is not None
    assert after is not None
    assert after.published_at == before.published_at
    assert await asking.behind(last) == []


async def test_an_answer_before_it_is_seen_again_is_taken_and_it_is_not_told_again(asking: Asking) -> None:
    last = await asking.last()
    await asking.again("a2")

    noted = await asking.feed.acknowledge("a2", "done", "key:wallet")
    await asking.relay.carry()

    assert noted is not None
    assert noted.result == "done"
    assert await asking.behind(last) == []


async def test_what_is_done_is_not_asked_for_and_what_failed_is(asking: Asking) -> None:
    await asking.feed.acknowledge("a1", "done", "topic")
    await asking.feed.acknowledge("a2", "failed", "topic", "ledger away")

    asked = await asking.again(*IDS)

    noted = await asking.feed.find("a2")
    assert asked == ["a2", "a3"]
    assert noted is not None
    assert (noted.result, noted.detail) == (None, None)


async def test_what_is_no_longer_in_the_outbox_is_seen_again_all_the_same(asking: Asking) -> None:
    last = await asking.last()
    async with asking.database.begin() as connection:
        await connection.execute(outbox.delete())
    await asking.again("a1")

    await asking.relay.carry()

    assert await asking.behind(last) == ["a1"]


async def test_every_webhook_is_told_again(asking: Asking) -> None:
    row = {"webhook_id": "w", "url": "https://x.example/", "kinds": "", "created_at": NOW, "created_by": "key:a",
           "key_version": 1, "generation": 1, "cursor": 0}  # fmt: skip
    async with asking.database.begin() as connection:
        await connection.execute(webhooks.insert().values(row))
        await spread(connection, (await found(connection))[0], NOW)
        await connection.execute(webhook_deliveries.update().values(state="delivered", ended_at=NOW))
    await asking.again("a2")

    await asking.relay.carry()

    async with asking.database.begin() as connection:
        await spread(connection, (await found(connection))[0], NOW)
        waiting = select(webhook_deliveries.c.action_id).where(webhook_deliveries.c.state == "waiting")
        assert list((await connection.execute(waiting)).scalars()) == ["a2"]


async def test_asking_moving_and_answering_at_once_lose_no_answer_and_no_action(asking: Asking) -> None:
    rng, lost, over = Random(20_261), list[str](), asyncio.Event()

    async def ask() -> None:
        for _ in range(25):
            await asking.again(*IDS)
            await asyncio.sleep(0)
        over.set()

    async def move() -> None:
        while not over.is_set():
            await asking.relay.carry()
            await asyncio.sleep(0)

    async def answer() -> None:
        while not over.is_set():
            action_id = rng.choice(IDS)
            if await asking.feed.acknowledge(action_id, "failed", "key:wallet") is None:
                lost.append(action_id)
            await asyncio.sleep(0)

    await asyncio.gather(ask(), move(), answer(), answer())
    last = await asking.last()
    await asking.again(*IDS)
    await asking.relay.carry()

    async with asking.database.read() as connection:
        waits = select(wallet_actions.c.action_id).where(wallet_actions.c.again_at.is_not(None))
        assert list((await connection.execute(waits)).scalars()) == []
    assert lost == []
    assert sorted(await asking.behind(last)) == IDS
