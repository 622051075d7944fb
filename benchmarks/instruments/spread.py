"""Least, median and most of a few runs; percentiles of many latencies."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil
from statistics import median

from msgspec import Struct


class Spread(Struct, frozen=True):
    """What repeated runs of one thing gave; the median is the figure, the others show the machine's noise."""

    least: float
    median: float
    most: float
    runs: int


class Latencies(Struct, frozen=True):
    """Milliseconds; percentiles by nearest rank."""

    p50_ms: float
    p99_ms: float
    p999_ms: float
    max_ms: float
    samples: int


def spread_of(values: Sequence[float]) -> Spread:
    """Raises ValueError for no values."""
    if not values:
        raise ValueError("no runs")
    return Spread(min(values), median(values), max(values), len(values))


def latencies_of(values_ms: Sequence[float]) -> Latencies:
    """Raises ValueError for no values."""
    if not values_ms:
        raise ValueError("no latencies")
    ordered = sorted(values_ms)

    def rank(share: float) -> float:
        return round(ordered[ceil(share * len(ordered)) - 1], 2)

    return Latencies(rank(0.50), rank(0.99), rank(0.999), rank(1.0), len(ordered))
