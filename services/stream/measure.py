"""What the pipeline tells Prometheus, once a batch."""

from __future__ import annotations

from collections import Counter
from time import perf_counter
from typing import TYPE_CHECKING

from services.platform import metrics

if TYPE_CHECKING:
    from services.stream.batch_result import BatchResult


class BatchTimes:
    """Seconds a batch spent in each stage."""

    __slots__ = ("_last", "stages")

    def __init__(self) -> None:
        self._last = perf_counter()
        self.stages: dict[str, float] = {}

    def mark(self, stage: str) -> None:
        """The stage that just ended; one may end more than once."""
        now = perf_counter()
        self.stages[stage] = self.stages.get(stage, 0.0) + now - self._last
        self._last = now


_STAGES = {
    name: metrics.STAGE.labels(name) for name in ("decode", "load", "score", "encode", "produce", "save")
}


def measure(scored: BatchResult, live_accounts: int, now_ms: int) -> None:
    """Count a durable batch: types, actions, scores, latencies, dead letters, stage times."""
    metrics.LIVE_ACCOUNTS.set(live_accounts)
    for stage, seconds in scored.times.stages.items():
        _STAGES[stage].observe(seconds)
    for (kind, action, score), count in Counter(scored.outcomes).items():
        metrics.DECISIONS.labels(action, kind).inc(count)
        metrics.EVENTS_RECEIVED.labels(kind).inc(count)
        metrics.SCORE.observe_many(kind, score, count)
    for when_ms, count in Counter(scored.record_times_ms).items():
        metrics.DECISION_LATENCY.observe_many("", (now_ms - when_ms) / 1000.0, count)
    metrics.MOVED_RECORDS.inc(len(scored.moved))
    for letter in scored.dead:
        metrics.DEAD_LETTERS.labels(letter.error.reason).inc()
        metrics.EVENTS_FAILED.labels(letter.error.reason).inc()
