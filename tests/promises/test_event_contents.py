"""What is promised of an event id: one id of an account is one content, however its partition is cut into batches."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import msgspec
import pytest

from services.memory.accounts import LiveAccounts
from services.memory.in_process import InProcessProfileStore, InProcessTallyStore
from services.replay.offline import Answered, Collected, OfflineCore, OfflineRecord
from services.stream.pipeline import Pipeline
from tests.promises.pipelines import usual_parts
from tests.services.api.world import a_login

FIRST = msgspec.json.encode(a_login("e1"))
OTHER = msgspec.json.encode(a_login("e1", session_id="other"))
REORDERED = msgspec.json.encode(dict(reversed(a_login("e1").items())))
NEXT = msgspec.json.encode(a_login("e2"))
THEIRS = msgspec.json.encode(a_login("e1", account_id="a2"))


def core() -> OfflineCore:
    collected, profiles = Collected(), InProcessProfileStore()
    memory = LiveAccounts(profiles, 100)
    parts = replace(usual_parts(), memory=memory, tallies=InProcessTallyStore(), producer=collected)
    return OfflineCore(Pipeline(parts), collected, profiles)


def records(*values: bytes) -> list[OfflineRecord]:
    keys = [msgspec.json.decode(value)["account_id"].encode() for value in values]
    return [
        OfflineRecord(key, value, offset, 1_700_000_000_000)
        for offset, (key, value) in enumerate(zip(keys, values, strict=True))
    ]


def carried(*batches: list[OfflineRecord]) -> list[Answered]:
    async def work() -> list[Answered]:
        pipeline = core()
        return [await pipeline.decide(batch) for batch in batches]

    return asyncio.run(work())


def outcome(answers: list[Answered]) -> tuple[list[tuple[str, str]], list[tuple[bytes | None, str]]]:
    decided = [(made.account_id, made.event_id) for each in answers for made in each.decisions]
    dead = [(letter.record.value, letter.error.reason) for each in answers for letter in each.dead]
    return decided, dead


@pytest.mark.parametrize("cut", range(5))
def test_other_content_under_a_known_id_is_a_dead_letter_in_any_cut(cut: int) -> None:
    all_of_them = records(FIRST, OTHER, NEXT, OTHER)
    decided, dead = outcome(carried(all_of_them[:cut], all_of_them[cut:]))

    assert [("a1", "e1"), ("a1", "e2")] == decided
    assert [(OTHER, "event_id_reused")] * 2 == dead


def test_the_same_content_again_is_no_dead_letter() -> None:
    assert ([("a1", "e1")], []) == outcome(carried(records(FIRST, FIRST)))


def test_the_members_in_another_order_are_other_bytes_and_so_other_content() -> None:
    assert [(REORDERED, "event_id_reused")] == outcome(carried(records(FIRST, REORDERED)))[1]


def test_another_account_may_use_the_same_id() -> None:
    assert ([("a1", "e1"), ("a2", "e1")], []) == outcome(carried(records(FIRST, THEIRS)))


def test_a_redelivery_after_a_crash_is_no_reuse() -> None:
    batch = records(FIRST, NEXT)
    assert ([("a1", "e1"), ("a1", "e2")], []) == outcome(carried(batch, batch))


def test_a_refusal_leaves_no_trace_in_memory() -> None:
    """What is decided after it is decided as if it had not been sent."""
    with_it = carried(records(FIRST, OTHER, NEXT))[0].encoded
    without = carried(records(FIRST, NEXT))[0].encoded
    assert without == with_it
