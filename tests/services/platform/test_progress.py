"""What a consumer says of itself."""

from __future__ import annotations

import logging

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.platform.metrics import (
    CONSUMER_FAILING,
    CONSUMER_FAILURES,
    CONSUMER_OLDEST,
    CONSUMER_WAITING,
    REGISTRY,
)
from services.platform.progress import CALM_S, PATIENCE_S, STILL_S, Consumers, Progress
from tests.notifier.delivering import Clock


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def progress(clock: Clock) -> Progress:
    return Progress("test", clock)


def figure(metric: str) -> float:
    value = REGISTRY.get_sample_value(f"payguard_{metric}", {"consumer": "test"})
    assert value is not None
    return value


def test_a_trouble_is_two_lines_whatever_the_number_of_tries(
    clock: Clock, progress: Progress, caplog: pytest.LogCaptureFixture
) -> None:
    for _ in range(50):
        progress.failed("disk_full")
        clock.now += 2.0
    for _ in range(50):
        progress.worked()
        clock.now += 2.0

    assert [record.getMessage() for record in caplog.records] == [
        "test does not go on: disk_full; trying again until it does",
        "test goes on again after 100 s and 50 failures",
    ]


@given(st.lists(st.tuples(st.booleans(), st.floats(0.0, CALM_S / 2)), min_size=1, max_size=60))
def test_failures_and_successes_close_together_are_one_trouble(steps: list[tuple[bool, float]]) -> None:
    clock = Clock()
    progress = Progress("test", clock)
    lines: list[logging.LogRecord] = []
    log = logging.getLogger("services.platform.progress")

    def keep(record: logging.LogRecord) -> bool:
        lines.append(record)
        return False

    log.addFilter(keep)
    try:
        for works, pause_s in steps:
            progress.worked() if works else progress.failed("locked")
            clock.now += pause_s
        for _ in range(2):
            clock.now += 2 * CALM_S
            progress.worked()
    finally:
        log.removeFilter(keep)
    begun = [line for line in lines if "does not go on" in line.getMessage()]
    ended = [line for line in lines if "goes on again" in line.getMessage()]

    assert len(begun) == len(ended)
    assert bool(begun) == any(not works for works, _ in steps)
    assert progress.fault() is None


def test_a_trouble_that_lasts_is_a_fault_and_its_end_is_none(clock: Clock, progress: Progress) -> None:
    progress.failed("kafka_away")
    clock.now += PATIENCE_S - 1.0

    assert progress.fault() is None

    clock.now += 2.0

    assert progress.fault() == "test has failed for 11 s: kafka_away"
    assert figure("consumer_failing") == 1.0

    progress.worked()
    clock.now += CALM_S
    progress.worked()

    assert (progress.fault(), figure("consumer_failing")) == (None, 0.0)


def test_a_single_slip_is_no_fault_at_any_time(clock: Clock, progress: Progress) -> None:
    progress.failed("locked")
    for _ in range(200):
        clock.now += 0.3
        progress.worked()
        assert progress.fault() is None


def test_a_consumer_that_says_nothing_stands_still(clock: Clock, progress: Progress) -> None:
    clock.now += STILL_S + 1.0

    assert progress.fault() == progress.stands_still() == "test has not moved for 121 s"

    progress.turned()

    assert progress.fault() is None


def test_the_oldest_grows_while_nobody_looks(clock: Clock, progress: Progress) -> None:
    progress.behind(7, 30.0)
    clock.now += 12.0

    assert (figure("consumer_waiting_records"), figure("consumer_oldest_seconds")) == (7.0, 42.0)

    progress.behind(0)

    assert (figure("consumer_waiting_records"), figure("consumer_oldest_seconds")) == (0.0, 0.0)


def test_what_waits_for_an_unknown_time_is_as_old_as_it_is_known(clock: Clock, progress: Progress) -> None:
    progress.behind(3)
    clock.now += 5.0
    progress.behind(4)

    assert progress.oldest_s() == 5.0


def test_failures_are_counted_by_reason(progress: Progress) -> None:
    before = CONSUMER_FAILURES.labels("test", "disk_full")._value.get()
    progress.failed("disk_full")
    progress.slipped("disk_full")

    assert CONSUMER_FAILURES.labels("test", "disk_full")._value.get() == before + 2


def test_a_process_is_ready_when_each_of_its_consumers_is() -> None:
    consumers = Consumers()
    consumers.add("test")

    assert (consumers.not_ready(), consumers.stuck(), consumers.faults()) == (None, None, {"test": None})


def test_every_consumer_has_its_figures_from_the_start() -> None:
    for metric in (CONSUMER_WAITING, CONSUMER_OLDEST, CONSUMER_FAILING):
        names = {sample.labels["consumer"] for family in metric.collect() for sample in family.samples}
        assert names >= {"cases", "outbox", "notifier", "challenge-expiry", "factor-resets"}
