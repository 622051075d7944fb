"""What this process itself knows of the machine, from its own metrics; what other processes know, it does not."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from msgspec import Struct

from services.platform import metrics
from services.platform.progress import Consumers

_ROUTES = "/v1/"
_PARTS = (0.5, 0.95, 0.99)


class Machine(Struct, frozen=True, kw_only=True):
    """`events` and `dead_letters` since this process began, None where no worker runs in it; how long decisions and HTTP answers
    took, in seconds by share; and the consumers here that stand still."""

    events: int | None
    dead_letters: int | None
    decided: Mapping[float, float]
    answered: Mapping[float, float]
    stuck: Mapping[str, str]


def machine_of(consumers: Consumers) -> Machine:
    """As it stands now."""
    events = _total(metrics.EVENTS_RECEIVED)
    return Machine(
        events=int(events) if events else None,
        dead_letters=int(_total(metrics.DEAD_LETTERS)) if events else None,
        decided=_shares(metrics.DECISION_LATENCY, lambda _labels: True),
        answered=_shares(metrics.HTTP_REQUESTS, lambda labels: labels.get("route", "").startswith(_ROUTES)),
        stuck={name: fault for name, fault in consumers.faults().items() if fault is not None},
    )


def _total(metric: Any) -> float:
    return float(
        sum(
            sample.value
            for family in metric.collect()
            for sample in family.samples
            if sample.name.endswith("_total")
        )
    )


def _shares(metric: Any, which: Any) -> dict[float, float]:
    """The values that these shares of the observations do not pass, between the bounds of their buckets; empty without any."""
    counts: dict[float, float] = {}
    for family in metric.collect():
        for sample in family.samples:
            if sample.name.endswith("_bucket") and which(sample.labels):
                bound = float(sample.labels["le"])
                counts[bound] = counts.get(bound, 0.0) + sample.value
    buckets = sorted(counts.items())
    if not buckets or not buckets[-1][1]:
        return {}
    return {part: _at(buckets, part * buckets[-1][1]) for part in _PARTS}


def _at(buckets: list[tuple[float, float]], rank: float) -> float:
    low, before = 0.0, 0.0
    for bound, count in buckets:
        if count >= rank:
            if bound == float("inf"):
                return low
            inside = (rank - before) / (count - before) if count > before else 1.0
            return low + (bound - low) * inside
        low, before = bound, count
    return low
