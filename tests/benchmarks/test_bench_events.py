"""The stream for measuring: cheap, the same each time, and like the real one."""

from __future__ import annotations

from collections import Counter

from benchmarks.workloads.events import EVENTS_A_DAY, bench_events
from contracts.events import Login
from services.events.decode import decode_event

DAY_S = 86_400


def test_every_record_is_an_event_keyed_by_its_account() -> None:
    for key, value in bench_events(1_000, 3_000, seed=1):
        assert decode_event(value).account_id.encode() == key


def test_the_same_arguments_give_the_same_bytes() -> None:
    assert list(bench_events(100, 500, seed=4)) == list(bench_events(100, 500, seed=4))


def test_the_mix_is_logins_payments_and_a_few_changes() -> None:
    events = [decode_event(value) for _, value in bench_events(2_000, 20_000, seed=1)]
    kinds = Counter(type(event).__name__ for event in events)
    failed = sum(isinstance(event, Login) and event.outcome == "failure" for event in events)

    assert 0.43 < kinds["Login"] / 20_000 < 0.47
    assert 0.53 < kinds["Transaction"] / 20_000 < 0.56
    assert 0.02 < failed / kinds["Login"] < 0.04


def test_records_are_about_330_bytes() -> None:
    sizes = [len(value) for _, value in bench_events(1_000, 5_000, seed=1)]

    assert 300 < sum(sizes) / len(sizes) < 380


def test_an_account_makes_eight_events_a_day() -> None:
    events = [decode_event(value) for _, value in bench_events(100, 100 * EVENTS_A_DAY, seed=1)]

    assert abs(events[-1].at - events[0].at - DAY_S) < DAY_S / 100


def test_event_ids_are_unique() -> None:
    ids = [decode_event(value).event_id for _, value in bench_events(10, 5_000, seed=1)]

    assert len(set(ids)) == 5_000
