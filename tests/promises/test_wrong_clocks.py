"""An event from a clock that is wrong counts as of when it arrived; what follows it is not late."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.decisions import Decision
from services.memory.accounts import LiveAccounts
from services.memory.in_process import InProcessProfileStore, InProcessTallyStore
from services.replay.offline import Collected, OfflineCore, OfflineRecord
from services.replay.replay import AHEAD_S, arrival_times
from services.stream.pipeline import Pipeline
from tests.promises.pipelines import usual_parts

NOW_S, DAY_S = 1_790_000_000, 86_400
IN_2036_S = 2_105_360_000


def record(offset: int, at_s: float, stamped_s: float | None = None, kind: str = "login") -> OfflineRecord:
    """A login as a host stamped it: the event's own time, and the record's (the same host's, unless said)."""
    told = {
        "type": kind,
        "event_id": f"e{offset}",
        "account_id": "ann",
        "occurred_at": int(at_s * 1000),
        "outcome": "success",
        "device_id": "phone",
    }
    stamped = at_s if stamped_s is None else stamped_s
    return OfflineRecord(b"ann", json.dumps(told).encode(), offset, int(stamped * 1000))


def decided(
    records: Sequence[OfflineRecord], now_s: float | None, cut: int = 0
) -> tuple[list[Decision], list[bytes]]:
    """The decisions of a worker whose clock stands at `now_s`, None for a replay, with their bytes."""
    collected, profiles = Collected(), InProcessProfileStore()
    parts = replace(
        usual_parts(),
        memory=LiveAccounts(profiles, 10),
        tallies=InProcessTallyStore(),
        producer=collected,
        believed_ms=lambda: None if now_s is None else int(now_s * 1000),
    )
    core = OfflineCore(Pipeline(parts), collected, profiles)

    async def work() -> tuple[list[Decision], list[bytes]]:
        told = [await core.decide(part) for part in (records[:cut], records[cut:]) if part]
        return [each for one in told for each in one.decisions], [
            each for one in told for each in one.encoded
        ]

    return asyncio.run(work())


@pytest.mark.parametrize("ahead_s", [301, 600, 3 * DAY_S, 400 * DAY_S, IN_2036_S - NOW_S])
def test_what_a_wrong_host_stamped_counts_as_of_now_and_the_next_is_not_late(ahead_s: int) -> None:
    records = [record(0, NOW_S - DAY_S), record(1, NOW_S + ahead_s), record(2, NOW_S - 1)]
    decisions, _ = decided(records, NOW_S)

    assert [each.at for each in decisions] == [NOW_S - DAY_S, NOW_S, NOW_S - 1]
    assert "clamped" in decisions[1].states
    assert not any("late" in each.states for each in decisions)


@pytest.mark.parametrize("ahead_s", [0, 1, 60, 299])
def test_within_the_skew_the_host_is_believed(ahead_s: int) -> None:
    [decision], _ = decided([record(0, NOW_S + ahead_s)], NOW_S)

    assert decision.at == NOW_S + ahead_s
    assert "clamped" not in decision.states


def test_an_event_that_is_right_in_a_record_that_is_not_is_left_alone() -> None:
    [decision], _ = decided([record(0, NOW_S - 5, IN_2036_S)], NOW_S)

    assert decision.at == NOW_S - 5
    assert "clamped" not in decision.states


def test_a_replay_of_what_the_decisions_say_gives_the_same_bytes() -> None:
    records = [record(0, NOW_S - DAY_S), record(1, IN_2036_S), record(2, NOW_S + 400), record(3, NOW_S - 1)]
    decisions, live = decided(records, NOW_S + 0.123)
    corrected = [
        OfflineRecord(each.key, each.value, each.offset, round(decision.at * 1000))
        if "clamped" in decision.states
        else each
        for each, decision in zip(records, decisions, strict=True)
    ]

    assert decided(corrected, None)[1] == live
    assert decided(corrected, None, cut=2)[1] == live
    assert decided(corrected, NOW_S + 10 * DAY_S)[1] == live


@given(st.lists(st.floats(0, 1e9), min_size=1, max_size=40))
def test_a_file_in_order_is_believed(times: list[float]) -> None:
    ordered = sorted(times)

    assert arrival_times([("ann", at) for at in ordered]) == ordered


@given(st.integers(0, 17), st.integers(1, 5), st.floats(AHEAD_S + 20_001, 1e9))
def test_a_run_of_wrong_times_in_a_file_arrived_when_the_next_was_sent(
    place: int, run: int, ahead_s: float
) -> None:
    right = [NOW_S + 1000.0 * number for number in range(30)]
    wrong = [right[place] + ahead_s + number for number in range(run)]
    told = [*right[:place], *wrong, *right[place:]]

    assert arrival_times([("ann", at) for at in told]) == [
        *right[:place],
        *[right[place]] * run,
        *right[place:],
    ]


def test_another_accounts_times_say_nothing() -> None:
    told = [("ann", 5e9), ("bo", 1.0), ("bo", 2.0), ("bo", 3.0)]

    assert arrival_times(told) == [at for _, at in told]


def test_one_late_event_makes_nobody_wrong() -> None:
    told = [("ann", 5e9), ("ann", 1.0), ("ann", 5e9 + 1), ("ann", 5e9 + 2)]

    assert arrival_times(told) == [at for _, at in told]
