"""Accounts and events of any printable name, by Kafka: keys of records and of memory are the name's own."""

from __future__ import annotations

import asyncio
from collections import Counter

from msgspec import json

from contracts.decisions import Decision
from tests.chaos.evidence import read_topic
from tests.chaos.feed import Feeder
from tests.e2e.conftest import MakeStack
from tests.e2e.decisions import until_decided
from tests.e2e.test_bad_input import login
from tests.services.api.test_identifiers_everywhere import NASTY

NAMES = [*NASTY, "}", "{t0.1}", "pg:{t0.1}:a", "*", "a*", "[ab]", "مرحبا", "+86 138"]


async def test_each_account_is_decided_under_its_own_name_and_remembered_by_the_next_worker(
    make_stack: MakeStack,
) -> None:
    stack = await make_stack(partitions=4)
    settings = stack.settings
    first = [(name.encode(), login(name, name)) for name in NAMES]
    second = [(name.encode(), login("second", name)) for name in NAMES]
    async with Feeder(settings.kafka, settings.topic_events) as feeder:
        await feeder.send(first)
        stack.start_worker(0)
        await until_decided(stack, len(NAMES))
        await asyncio.to_thread(stack.retire, 0)
        await feeder.send([*first, *second])
    stack.start_worker(1)
    await until_decided(stack, 2 * len(NAMES))
    await asyncio.to_thread(stack.retire, 1)

    told = [
        (record.key.decode(), json.decode(record.value, type=Decision))
        async for record in read_topic(settings, settings.topic_decisions)
    ]
    assert all(key == decision.account_id for key, decision in told)
    decided = Counter((decision.account_id, decision.event_id) for _, decision in told)
    assert decided == Counter({(name, event): 1 for name in NAMES for event in (name, "second")})
