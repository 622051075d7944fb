"""A worker that stands still is found out."""

from __future__ import annotations

from services.stream.liveness import LOOP_STALL_S, PROGRESS_STALL_S, Liveness
from tests.notifier.delivering import Clock


def ticking(clock: Clock, seconds: float, lag: int, position: int | None) -> Liveness:
    """A worker that ticks every second for so long; `position` None moves on each tick."""
    liveness = Liveness(clock)
    for second in range(int(seconds)):
        clock.now += 1.0
        liveness.tick(lag, second if position is None else position)
    return liveness


def test_a_worker_without_work_is_alive() -> None:
    assert ticking(Clock(), 500, 0, 7).fault() is None


def test_a_worker_that_moves_under_lag_is_alive() -> None:
    assert ticking(Clock(), 500, 10_000, None).fault() is None


def test_a_worker_that_is_behind_and_does_nothing_is_at_fault() -> None:
    assert ticking(Clock(), PROGRESS_STALL_S, 5, 7).fault() is None
    assert "nothing was done" in (ticking(Clock(), PROGRESS_STALL_S + 3, 5, 7).fault() or "")


def test_a_blocked_event_loop_is_a_fault() -> None:
    clock = Clock()
    liveness = ticking(clock, 3, 0, 7)
    clock.now += LOOP_STALL_S + 1

    assert "event loop" in (liveness.fault() or "")
