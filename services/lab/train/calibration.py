"""From raw scores of held-out days to probabilities: a monotone table, and the reliability curve that shows how well it fits."""

from __future__ import annotations

from itertools import pairwise
from math import exp, log

import numpy as np
from numpy.typing import NDArray

from services.risk.model_file import Bin
from services.risk.trees import Calibrator

Numbers = NDArray[np.float64]
_MOST_POINTS, _LEAST_FRAUDS = 16, 10
#: Between two points one nat of raw score is at least this much: no two scores become equal.
_LEAST_SLOPE = 0.05


def calibration_points(raw: Numbers, frauds: Numbers) -> tuple[tuple[float, float], ...]:
    """Points of (raw score, log-odds), rising in both, from bins of equally many frauds; neighbours out of order are pooled."""
    order = np.argsort(raw, kind="stable")
    raw, frauds = raw[order], frauds[order]
    total = float(frauds.sum())
    bins = int(max(1, min(_MOST_POINTS, total // _LEAST_FRAUDS)))
    edges = np.searchsorted(np.cumsum(frauds), np.arange(1, bins) * total / bins) + 1
    pooled: list[tuple[float, float, float]] = []
    for part_raw, part in zip(np.split(raw, edges), np.split(frauds, edges), strict=True):
        if not len(part):
            continue
        new = (float(part_raw.mean()) * len(part), float(part.sum()), float(len(part)))
        while pooled and new[1] / new[2] <= pooled[-1][1] / pooled[-1][2]:
            last = pooled.pop()
            new = (new[0] + last[0], new[1] + last[1], new[2] + last[2])
        pooled.append(new)
    points: list[tuple[float, float]] = []
    for summed, bad, size in pooled:
        at, share = summed / size, (bad + 0.5) / (size + 1.0)
        odds = log(share / (1.0 - share))
        if points:
            if at <= points[-1][0]:
                continue
            odds = max(odds, points[-1][1] + _LEAST_SLOPE * (at - points[-1][0]))
        points.append((at, odds))
    if len(points) < 2:
        at, odds = points[0]
        points = [(at - 1.0, odds - 1.0), (at, odds)]
    return tuple(points)


def reliability_bins(raw: Numbers, frauds: Numbers, calibrator: Calibrator) -> tuple[Bin, ...]:
    """The curve: bins of risks between powers of ten and halves, with what was said and what was found."""
    said = np.array([1.0 / (1.0 + exp(-calibrator.log_odds(each))) for each in raw.tolist()])
    edges = np.array([0.0, 0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 0.5, 0.7, 0.9, 1.01])
    bins = []
    for low, high in pairwise(edges.tolist()):
        inside = (said >= low) & (said < high)
        if inside.any():
            bins.append(Bin(int(inside.sum()), float(said[inside].mean()), float(frauds[inside].mean())))
    return tuple(bins)
