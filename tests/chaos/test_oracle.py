"""The oracle sees each kind of fault: it is given small runs that are wrong on purpose."""

from __future__ import annotations

import asyncio

import pytest
from msgspec.structs import replace

from contracts.ports import Shard
from services.bootstrap.pipelines import offline_core
from services.lab.simulate.simulate import Simulation, simulate
from services.lab.simulate.stories import stories_named
from services.platform.settings import Settings
from services.replay.offline import OfflineRecord
from tests.chaos.evidence import Decided, Evidence, Memory, Sample
from tests.chaos.feed import START_AT
from tests.chaos.oracle import FAULTS, Replayed, judge, memory_of, replay
from tests.chaos.stack import JUMPY_POLICY, PSEUDONYM_KEY

SETTINGS = Settings(policy=JUMPY_POLICY)


@pytest.fixture(scope="module")
def a_run() -> tuple[Evidence, Replayed]:
    """A run without a fault on two partitions, made offline, and what the oracle expects of it."""
    return asyncio.run(made_offline())


async def made_offline() -> tuple[Evidence, Replayed]:
    events: dict[int, list[OfflineRecord]] = {0: [], 1: []}
    for played in simulate(Simulation(40, 8, 1, START_AT, stories_named("all"))):
        log = events[played.event.account_id.encode()[-1] % 2]
        log.append(
            OfflineRecord(played.event.account_id.encode(), played.wire(), len(log), 1_800_000_000_000)
        )
    log = events[0]
    log.append(OfflineRecord(b"u-1", b"{", len(log), 1_800_000_000_000))
    core = offline_core(SETTINGS, PSEUDONYM_KEY)
    decisions: list[Decided] = []
    memory: Memory = {}
    for partition, records in events.items():
        answered = await core.decide(records, partition)
        accounts = {made.account_id for made in answered.decisions}
        memory |= await memory_of(core, Shard(SETTINGS.topic_epoch, partition), accounts)
        decisions += [
            Decided(partition, offset, made.event_id, value)
            for offset, (made, value) in enumerate(zip(answered.decisions, answered.encoded, strict=True))
        ]
    run = Evidence(
        events=events,
        decisions=decisions,
        dead=[(0, len(log) - 1, b"{")],
        memory=memory,
        committed={partition: len(records) for partition, records in events.items()},
    )
    expected = await replay(run, SETTINGS, batch=97)
    right = replace(
        run,
        rows={table: sorted(ids) for table, ids in expected.effects.items()},
        recorded=dict(expected.recorded),
        actions=[(ident, b"{}") for ident in expected.effects["actions"]],
    )
    return right, expected


def faults(evidence: Evidence, expected: Replayed) -> dict[str, int]:
    verdict = judge(evidence, expected)
    return {name: count for name in FAULTS if (count := getattr(verdict, name))}


def test_a_run_without_a_fault_is_clean_however_its_batches_were_cut(
    a_run: tuple[Evidence, Replayed],
) -> None:
    run, expected = a_run

    assert {} == faults(run, expected)
    assert all(expected.effects.values())


def test_a_repeat_of_the_same_bytes_is_no_fault(a_run: tuple[Evidence, Replayed]) -> None:
    run, expected = a_run
    again = replace(run.decisions[3], offset=len(run.decisions))

    assert {} == faults(replace(run, decisions=[*run.decisions, again]), expected)


def test_a_missing_decision_is_lost(a_run: tuple[Evidence, Replayed]) -> None:
    run, expected = a_run

    assert {"lost": 1} == faults(replace(run, decisions=run.decisions[:7] + run.decisions[8:]), expected)


def test_a_decision_nobody_asked_for_is_reported(a_run: tuple[Evidence, Replayed]) -> None:
    run, expected = a_run
    odd = Decided(0, 10_000, "never-sent", b"{}")

    assert {"unexpected": 1} == faults(replace(run, decisions=[*run.decisions, odd]), expected)


def test_a_changed_byte_is_a_difference_to_the_replay(a_run: tuple[Evidence, Replayed]) -> None:
    run, expected = a_run
    changed = list(run.decisions)
    changed[5] = replace(changed[5], value=changed[5].value.replace(b'"risk":0', b'"risk":1', 1))

    assert {"different": 1} == faults(replace(run, decisions=changed), expected)


def test_a_repeat_that_says_something_else_is_a_conflict(a_run: tuple[Evidence, Replayed]) -> None:
    run, expected = a_run
    other = replace(run.decisions[5], offset=10_000, value=run.decisions[5].value + b" ")

    assert {"conflicting": 1} == faults(replace(run, decisions=[*run.decisions, other]), expected)


def test_a_doubled_a_missing_and_an_extra_effect_are_reported_in_every_table(
    a_run: tuple[Evidence, Replayed],
) -> None:
    run, expected = a_run
    assert run.rows is not None
    for table, ids in run.rows.items():
        for fault, wrong in (
            ("duplicate_effects", [*ids, ids[0]]),
            ("duplicate_effects", [*ids, "extra"]),
            ("missing_effects", ids[1:]),
        ):
            assert {fault: 1} == faults(replace(run, rows={**run.rows, table: wrong}), expected)


def test_an_action_that_was_not_sent_or_has_two_forms_is_reported(a_run: tuple[Evidence, Replayed]) -> None:
    run, expected = a_run
    twice = [*run.actions, (run.actions[0][0], b'{"other":1}')]

    assert {"missing_effects": 1} == faults(replace(run, actions=run.actions[1:]), expected)
    assert {"duplicate_effects": 1} == faults(replace(run, actions=twice), expected)


def test_memory_that_differs_in_a_byte_an_offset_or_an_account_is_reported(
    a_run: tuple[Evidence, Replayed],
) -> None:
    run, expected = a_run
    place, (learned, packed) = next(iter(run.memory.items()))
    for wrong in ((learned, packed[:-1] + b"\xff"), (learned + 1, packed)):
        assert {"memory_differences": 1} == faults(
            replace(run, memory={**run.memory, place: wrong}), expected
        )
    without = {where: entry for where, entry in run.memory.items() if where != place}

    assert {"memory_differences": 1} == faults(replace(run, memory=without), expected)
    assert {"memory_differences": 1} == faults(
        replace(run, memory={**run.memory, (1, "stranger"): (0, b"")}), expected
    )


def test_a_dead_letter_that_is_missing_or_changed_is_reported(a_run: tuple[Evidence, Replayed]) -> None:
    run, expected = a_run
    partition, offset, _ = run.dead[0]

    assert {"dead_letter_differences": 1} == faults(replace(run, dead=[]), expected)
    assert {"dead_letter_differences": 1} == faults(replace(run, dead=[(partition, offset, b"}")]), expected)


def test_offsets_left_behind_and_offsets_ahead_of_a_decision_are_reported(
    a_run: tuple[Evidence, Replayed],
) -> None:
    run, expected = a_run
    behind = {**run.committed, 1: run.committed[1] - 1}
    fitting = Sample(partition=0, committed=10, decisions_end=10)
    early = Sample(partition=0, committed=11, decisions_end=10)

    assert {"uncommitted": 1} == faults(replace(run, committed=behind), expected)
    assert {} == faults(replace(run, samples=[fitting]), expected)
    assert {"early_commits": 1} == faults(replace(run, samples=[early]), expected)


def test_the_replay_answers_counts_from_the_run_and_keeps_each_shard_apart(
    a_run: tuple[Evidence, Replayed],
) -> None:
    run, expected = a_run
    counted = [each for each in run.decisions if b'"tallies"' in each.value]

    assert counted
    assert {each.event_id for each in counted} <= expected.decided.keys()
    assert {Shard(1, 0).partition, 1} == set(expected.positions)
