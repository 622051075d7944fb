"""The cases process reads what wallets say they did from Kafka, past whatever else lies there."""

from __future__ import annotations

import asyncio
import time
from functools import partial

from aiokafka import AIOKafkaProducer
from sqlalchemy import select

from services.cases import outbox
from services.platform.database import Database
from services.platform.metrics import ACTION_RESULTS_REFUSED, ACTIONS_ACKNOWLEDGED, CONSUMER_FAILURES
from services.platform.progress import Progress
from services.platform.settings import Settings
from services.wallet.actions import WalletAction
from services.wallet.feed import ActionFeed, publish
from services.wallet.results import result_consumer
from services.wallet.tables import wallet_actions
from tests.services.cases.test_service import Running, broker, on_both, read, until  # noqa: F401  a fixture


def freeze(number: int) -> WalletAction:
    return WalletAction(action_id=f"a{number}", kind="freeze", account_id="li", event_id="e", at=1.0)


def result(number: int, said: str) -> bytes:
    return b'{"action_id":"a%d","result":"%s"}' % (number, said.encode())


async def tell(settings: Settings, *values: bytes | None) -> None:
    """Send these as a wallet does."""
    producer = AIOKafkaProducer(bootstrap_servers=settings.kafka, acks="all")
    await producer.start()
    for value in values:
        await producer.send_and_wait(settings.topic_results, value, key=b"li")
    await producer.stop()


async def noted(database: Database) -> dict[str, tuple[str | None, str | None]]:
    """Result and who said it, by action."""
    columns = (wallet_actions.c.action_id, wallet_actions.c.result, wallet_actions.c.result_by)
    async with database.read() as connection:
        return {row[0]: (row[1], row[2]) for row in await connection.execute(select(*columns))}


@on_both
async def test_a_wallet_acknowledges_by_topic_past_what_is_no_result(
    broker: Settings,  # noqa: F811
    database: Database,
) -> None:
    refused = {
        reason: ACTION_RESULTS_REFUSED.labels(reason)._value.get()
        for reason in ("malformed", "unknown_action")
    }
    done = ACTIONS_ACKNOWLEDGED.labels("done")._value.get()
    async with database.begin() as connection:
        await outbox.put(connection, [outbox.action(freeze(number)) for number in range(3)], 1.0)
    async with Running(broker, database):
        await read(broker, broker.topic_actions, 3)
        await tell(
            broker,
            None,
            b"{nonsense",
            result(9, "done"),
            result(0, "done"),
            result(0, "failed"),
            result(1, "failed"),
        )
        await tell(broker, result(1, "already"), result(2, "failed"))

        async def all_noted() -> bool:
            return await noted(database) == {
                "a0": ("done", "topic"),
                "a1": ("already", "topic"),
                "a2": ("failed", "topic"),
            }

        await until(all_noted)

    assert ACTION_RESULTS_REFUSED.labels("malformed")._value.get() == refused["malformed"] + 2
    assert ACTION_RESULTS_REFUSED.labels("unknown_action")._value.get() == refused["unknown_action"] + 1
    assert ACTIONS_ACKNOWLEDGED.labels("done")._value.get() == done + 1


@on_both
async def test_results_that_were_read_are_not_read_again(
    broker: Settings,  # noqa: F811
    database: Database,
) -> None:
    async with database.begin() as connection:
        await publish(connection, [freeze(0), freeze(1)], 1.0)

    async def is_noted(action_id: str) -> bool:
        return (await noted(database))[action_id][0] is not None

    await tell(broker, b"{nonsense", result(0, "done"))
    async with Running(broker, database):
        await until(partial(is_noted, "a0"))
    before = ACTION_RESULTS_REFUSED.labels("malformed")._value.get()
    await tell(broker, result(1, "done"))
    async with Running(broker, database):
        await until(partial(is_noted, "a1"))

    assert ACTION_RESULTS_REFUSED.labels("malformed")._value.get() == before


@on_both
async def test_the_result_of_an_action_that_is_still_on_its_way_into_the_feed_is_waited_for(
    broker: Settings,  # noqa: F811
    database: Database,
) -> None:
    """A database that took nothing for a moment does not keep a freeze from Kafka: the wallet may be the quicker one."""
    async with database.begin() as connection:
        await outbox.put(connection, [outbox.action(freeze(0))], 1.0)
    consumer = result_consumer(
        broker, ActionFeed(database, time.time), partial(outbox.untold, database), Progress("action-results")
    )
    early = CONSUMER_FAILURES.labels("action-results", "action_untold")
    before = early._value.get()

    async def came_early() -> bool:
        return bool(early._value.get() > before)

    async def is_noted() -> bool:
        return await noted(database) == {"a0": ("done", "topic")}

    running = asyncio.create_task(consumer.run())
    await tell(broker, result(0, "done"))
    await until(came_early)
    async with database.begin() as connection:
        await publish(connection, [freeze(0)], 2.0)
    await until(is_noted)
    consumer.stop()
    await asyncio.wait_for(running, 60)
