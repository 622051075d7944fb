"""One stream, one answer: offline, with one worker, with four that come and go."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest
from msgspec import Struct, json

from contracts.events import AnyEvent
from contracts.ports import Shard
from services.bootstrap.pipelines import offline_core
from services.lab.simulate.simulate import Simulation, simulate
from services.lab.simulate.stories import stories_named
from services.platform.settings import Settings
from services.replay.offline import offline_records
from tests.chaos.evidence import Evidence, Memory, gather_evidence
from tests.chaos.feed import START_AT, Feeder, Row
from tests.chaos.oracle import judge, replay
from tests.chaos.stack import JUMPY_POLICY, PSEUDONYM_KEY, Stack
from tests.e2e.conftest import MakeStack
from tests.e2e.decisions import until_decided


def the_stream() -> list[Row]:
    """People, all stories, and one event in twenty sent twice by its producer."""
    rows: list[Row] = []
    for index, played in enumerate(simulate(Simulation(60, 10, 5, START_AT, stories_named("all")))):
        row = (played.event.account_id.encode(), played.wire())
        rows.append(row)
        if index % 20 == 0:
            rows.append(row)
    return rows


async def by_one_worker(stack: Stack, rows: Sequence[Row], distinct: int) -> None:
    """One worker from the first event to the last."""
    stack.start_worker(0)
    async with Feeder(stack.settings.kafka, stack.settings.topic_events) as feeder:
        await feeder.send(rows)
        await until_decided(stack, distinct)


async def by_four_workers(stack: Stack, rows: Sequence[Row], distinct: int) -> None:
    """Two workers; two more join, one leaves, one is killed, while the events come in small batches."""
    for number in (0, 1):
        stack.start_worker(number, batch_records=50)
    third = len(rows) // 3
    async with Feeder(stack.settings.kafka, stack.settings.topic_events) as feeder:
        await feeder.send(rows[:third], per_s=400)
        for number in (2, 3):
            stack.start_worker(number, batch_records=70)
        await feeder.send(rows[third : 2 * third], per_s=400)
        await asyncio.to_thread(stack.retire, 0)
        stack.workers.pop(1).kill9()
        await feeder.send(rows[2 * third :], per_s=400)
        await until_decided(stack, distinct)


async def left_by(stack: Stack) -> Evidence:
    """What the run left, after its workers were asked to end."""
    for number in list(stack.workers):
        await asyncio.to_thread(stack.retire, number)
    return await gather_evidence(stack.settings, {}, [], with_cases=False)


def answers(evidence: Evidence) -> dict[str, bytes]:
    """The bytes of each event's decision."""
    return {told.event_id: told.value for told in evidence.decisions}


class _Counted(Struct):
    account_id: str = ""
    tallies: dict[str, int] | None = None


def same_counts(*runs: dict[str, bytes]) -> set[str]:
    """Events whose decisions recorded the same counts across accounts, or none, in all runs."""
    decode = json.Decoder(_Counted).decode
    return {
        event_id
        for event_id in runs[0]
        if len({str(decode(run.get(event_id, b"{}")).tallies) for run in runs}) == 1
    }


def counted_otherwise(decided: dict[str, bytes], comparable: set[str]) -> set[str]:
    """Accounts of which a count differed: what it stopped or froze is remembered, and the answers that follow differ."""
    decode = json.Decoder(_Counted).decode
    return {decode(decided[event_id]).account_id for event_id in decided.keys() - comparable}


def of_others(decided: dict[str, bytes], comparable: set[str], otherwise: set[str]) -> set[str]:
    """Those of the events that are of other accounts."""
    decode = json.Decoder(_Counted).decode
    return {event_id for event_id in comparable if decode(decided[event_id]).account_id not in otherwise}


def by_account(memory: Memory, but: set[str]) -> dict[str, bytes]:
    """Profiles by account, without partition and offset; a challenge asked for because of a count is remembered."""
    return {account: packed for (_, account), (_, packed) in memory.items() if account not in but}


async def offline(rows: Sequence[Row]) -> dict[str, bytes]:
    """The decisions of the offline core over the same events in one batch after another."""
    decode = json.Decoder(AnyEvent).decode
    core = offline_core(Settings(policy=JUMPY_POLICY), PSEUDONYM_KEY)
    records = offline_records([decode(value) for _, value in rows])
    decided: dict[str, bytes] = {}
    for start in range(0, len(records), 333):
        answered = await core.decide(records[start : start + 333])
        decided.update(
            (made.event_id, value) for made, value in zip(answered.decisions, answered.encoded, strict=True)
        )
    return decided


async def test_decisions_and_memory_are_the_same_however_a_log_with_repeats_is_cut() -> None:
    decode = json.Decoder(AnyEvent).decode
    records = offline_records([decode(value) for _, value in the_stream()])
    accounts = sorted({record.key.decode() for record in records if record.key})
    seen = []
    for size in (1, 7, 64, 5000):
        core = offline_core(Settings(policy=JUMPY_POLICY, live_accounts=20), PSEUDONYM_KEY)
        encoded: list[bytes] = []
        for start in range(0, len(records), size):
            encoded += (await core.decide(records[start : start + size])).encoded
        seen.append((encoded, await core.profiles.load([(Shard(1, 0), accounts)])))

    assert all(seen[0] == other for other in seen[1:])


async def test_offline_and_one_worker_answer_alike(make_stack: MakeStack) -> None:
    rows = the_stream()
    alone = await offline(rows)
    stack = await make_stack()
    await by_one_worker(stack, rows, len(alone))
    left = await left_by(stack)

    verdict = judge(left, await replay(left, stack.settings))
    verdict.uncommitted = 0
    assert verdict.clean, verdict.examples
    live = answers(left)
    comparable = same_counts(alone, live)
    assert alone.keys() == live.keys()
    assert len(comparable) > 0.95 * len(alone)
    same = of_others(alone, comparable, counted_otherwise(alone, comparable))
    assert len(same) > 0.5 * len(alone)
    assert {event_id for event_id in same if alone[event_id] != live[event_id]} == set()


@pytest.mark.chaos
async def test_offline_one_worker_and_four_that_come_and_go_answer_alike(make_stack: MakeStack) -> None:
    rows = the_stream()
    alone = await offline(rows)
    one, four = await make_stack(), await make_stack()
    await by_one_worker(one, rows, len(alone))
    first = await left_by(one)
    await by_four_workers(four, rows, len(alone))
    second = await left_by(four)

    for stack, left in ((one, first), (four, second)):
        verdict = judge(left, await replay(left, stack.settings))
        verdict.uncommitted = 0
        assert verdict.clean, verdict.examples
    live, moved = answers(first), answers(second)
    comparable = same_counts(alone, live, moved)
    assert len(comparable) > 0.95 * len(alone)
    otherwise = counted_otherwise(alone, comparable)
    kept = by_account(first.memory, otherwise)
    assert len(kept) > 30
    assert kept == by_account(second.memory, otherwise)
    for event_id in of_others(alone, comparable, otherwise):
        assert alone[event_id] == live[event_id] == moved[event_id]
    assert alone.keys() == live.keys() == moved.keys()
