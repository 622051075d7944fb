"""An owner's "not me" freezes at once: nothing waits for a worker, and one that comes later doubles nothing."""

from __future__ import annotations

import asyncio
import time
from collections import Counter

import httpx
import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition
from msgspec import json

from contracts.decisions import effect_id
from services.platform.settings import Settings
from services.wallet.actions import WalletAction, read_action
from tests.chaos.evidence import read_topic
from tests.e2e.conftest import MakeStack
from tests.e2e.decisions import until_decided
from tests.e2e.test_stopped_and_released import api_of, keys_of

ACCOUNTS = [f"owner-{number}" for number in range(100)]
#: The ninety-fifth of a hundred freezes must be on the topic by then.
P95_S = 1.0
WITHIN_S = 120.0


class Wallet:
    """Reads the actions topic as a wallet does, and notes when each freeze came."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self.frozen_at: dict[str, float] = {}

    async def read(self) -> None:
        topic, parts = self._settings.topic_actions, range(self._settings.partitions)
        consumer = AIOKafkaConsumer(bootstrap_servers=self._settings.kafka, auto_offset_reset="earliest")
        await consumer.start()
        try:
            consumer.assign([TopicPartition(topic, part) for part in parts])
            async with asyncio.timeout(WITHIN_S):
                while len(self.frozen_at) < len(ACCOUNTS):
                    for records in (await consumer.getmany(timeout_ms=50)).values():
                        for action in (read_action(record.value) for record in records):
                            if action.kind == "freeze":
                                self.frozen_at.setdefault(action.account_id, time.monotonic())
        finally:
            await consumer.stop()


def report(account: str, now_ms: int) -> bytes:
    event = {"type": "user_report", "event_id": f"r-{account}", "account_id": account, "occurred_at": now_ms}
    return json.encode(event | {"about_event_id": "strange", "verdict": "not_me"})


async def said(client: httpx.AsyncClient, key: str, account: str) -> float:
    """Say it for the account; when it was said, in monotonic seconds."""
    at = time.monotonic()
    headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
    answer = await client.post(
        "/v1/events", headers=headers, content=report(account, int(time.time() * 1000))
    )
    assert answer.status_code == 202, answer.text
    return at


@pytest.mark.timed
async def test_a_freeze_reaches_the_wallet_without_a_worker_and_there_is_one_when_it_is_back(
    make_stack: MakeStack,
) -> None:
    stack = await make_stack()
    stack.start_cases()
    keys = await keys_of(stack, owner="report")
    wallet = Wallet(stack.settings)
    reading = asyncio.create_task(wallet.read())
    async with api_of(stack) as client:
        said_at = {account: await said(client, keys["owner"], account) for account in ACCOUNTS}
        await reading
    took = sorted(wallet.frozen_at[account] - at for account, at in said_at.items())
    p95 = took[94]
    print(
        f"not me to freeze on the topic: median {took[49]:.2f} s, p95 {p95:.2f} s, longest {took[-1]:.2f} s"
    )
    assert p95 < P95_S
    stack.start_worker(0)
    await until_decided(stack, len(ACCOUNTS))
    stack.start_cases()

    actions = await _all(stack.settings)
    kinds = Counter((action.account_id, action.kind) for action in actions)
    assert kinds == {(account, kind): 1 for account in ACCOUNTS for kind in ("freeze", "revoke_sessions")}
    wanted = {effect_id(account, f"r-{account}", "freeze") for account in ACCOUNTS}
    assert {action.action_id for action in actions if action.kind == "freeze"} == wanted


async def _all(settings: Settings) -> list[WalletAction]:
    return [read_action(record.value or b"") async for record in read_topic(settings, settings.topic_actions)]
