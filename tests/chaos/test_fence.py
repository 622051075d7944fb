"""A worker that wakes up late says nothing in the name of a shard that is another's now."""

from __future__ import annotations

from dataclasses import replace

import pytest
from msgspec import json

from contracts.errors import Fenced
from contracts.ports import ProfileStore, TallyStore
from services.bootstrap.pipelines import offline_core
from services.memory.accounts import LiveAccounts
from services.memory.in_process import KEPT_BATCHES, InProcessProfileStore, InProcessTallyStore
from services.platform.settings import Settings
from services.replay.offline import Collected, OfflineRecord
from services.stream.batch_result import BatchResult
from services.stream.pipeline import Pipeline
from tests.chaos.feed import START_AT

SETTINGS = Settings()


def login(offset: int, account: str, outcome: str = "failure") -> OfflineRecord:
    told = {
        "type": "login",
        "event_id": f"e-{offset}",
        "account_id": account,
        "occurred_at": (START_AT + offset) * 1000,
        "outcome": outcome,
        "ip": "192.0.2.7",
        "device_id": "phone",
    }
    return OfflineRecord(account.encode(), json.encode(told), offset, (START_AT + offset) * 1000)


def a_worker(profiles: ProfileStore, tallies: TallyStore) -> Pipeline:
    """A pipeline with a memory of its own over stores that all workers share."""
    parts = offline_core(SETTINGS, tallies=tallies)._pipeline.components
    return Pipeline(replace(parts, memory=LiveAccounts(profiles, 1000), producer=Collected()))


async def carry(worker: Pipeline, *records: OfflineRecord) -> list[bytes | None]:
    scored = await worker.score([(0, records)])
    await worker.finish(scored)
    return said_in(scored)


def said_in(scored: BatchResult) -> list[bytes | None]:
    return [value for _, rows in scored.rows for _, value, _ in rows]


async def after_a_freeze(batches: int) -> tuple[Pipeline, list[bytes | None], OfflineRecord]:
    """A worker that froze with a record in hand, the decision another made of it, and the record.

    The other has since carried `batches` more, in which as many accounts failed at the same address.
    """
    profiles, tallies = InProcessProfileStore(), InProcessTallyStore()
    frozen, other = a_worker(profiles, tallies), a_worker(profiles, tallies)
    await carry(frozen, login(0, "victim"))
    in_hand = login(1, "victim", "success")
    decided = await carry(other, in_hand)
    for offset in range(2, 2 + batches):
        await carry(other, login(offset, f"stranger-{offset}"))
    return frozen, decided, in_hand


async def test_while_the_answers_are_kept_it_decides_alike() -> None:
    frozen, decided, in_hand = await after_a_freeze(KEPT_BATCHES - 1)
    scored = await frozen.score([(0, [in_hand])])

    assert decided == said_in(scored)


async def test_when_they_are_not_it_stops_before_it_decides() -> None:
    frozen, _, in_hand = await after_a_freeze(KEPT_BATCHES)

    with pytest.raises(Fenced):
        await frozen.score([(0, [in_hand])])


async def test_a_late_redelivery_to_the_owner_is_skipped() -> None:
    profiles, tallies = InProcessProfileStore(), InProcessTallyStore()
    owner = a_worker(profiles, tallies)
    log = [login(offset, f"account-{offset}") for offset in range(3 * KEPT_BATCHES)]
    for record in log:
        await carry(owner, record)

    assert [] == await carry(a_worker(profiles, tallies), *log)


async def test_when_the_store_lost_its_memory_a_late_redelivery_is_decided_again() -> None:
    tallies = InProcessTallyStore()
    log = [login(offset, f"account-{offset}") for offset in range(2 * KEPT_BATCHES)]
    owner = a_worker(InProcessProfileStore(), tallies)
    for record in log:
        await carry(owner, record)
    again = await carry(a_worker(InProcessProfileStore(), tallies), *log)

    assert len(log) == len(again)
    assert b'":-' not in b"".join(value or b"" for value in again)
