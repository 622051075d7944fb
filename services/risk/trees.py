"""Trees compiled to one Python function, because walking arrays costs ten times as much; and a slow walk that says why. Pure.

Only numbers of a checked model, written by `repr` of int and float, enter the source.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Sequence
from itertools import pairwise

from services.risk.model_file import ModelFile, Tree

#: Raw nats of a vector and of the weights of findings by the model's detectors.
Score = Callable[[Sequence[float], Sequence[float]], float]
#: Below the first and above the last point a calibration goes on with this slope.
_SLOPE_BEYOND = 1.0


def compiled(model: ModelFile) -> Score:
    """The raw score of a checked model as a function of (vector, weights)."""
    used = {feature for tree in model.trees for feature in tree.feature if feature >= 0}
    split = len(model.features)
    lines = ["def score(vector, weights):"]
    for source, first, size in (("vector", 0, split), ("weights", split, len(model.detectors))):
        names = [f"f{int(first + index)}" if first + index in used else "_" for index in range(size)]
        if any(name != "_" for name in names):
            lines.append(f"    {', '.join(names)}, = {source}")
    lines.append(f"    s = {float(model.base)!r}")
    lines += [f"    s += {_expression(tree, 0)}" for tree in model.trees]
    lines.append("    return s")
    scope: dict[str, Score] = {}
    exec(compile("\n".join(lines), "<model>", "exec"), {"__builtins__": {}}, scope)  # noqa: S102 numbers only
    return scope["score"]


def _expression(tree: Tree, node: int) -> str:
    feature = tree.feature[node]
    if feature < 0:
        return repr(float(tree.value[node]))
    yes, no = _expression(tree, tree.left[node]), _expression(tree, tree.right[node])
    return f"({yes} if f{int(feature)} <= {float(tree.threshold[node])!r} else {no})"


def pushes(model: ModelFile, vector: Sequence[float], weights: Sequence[float]) -> list[float]:
    """What each number of the vector, then of the weights, adds to the raw score, in nats.

    Along a vector's way through a tree every step changes the mean of the leaves still in reach; the change is put down to
    the feature asked (Saabas, 2014). The sum is the raw score less `base` and the trees' first means.
    """
    numbers = [*vector, *weights]
    pushed = [0.0] * len(numbers)
    for tree in model.trees:
        node = 0
        while (feature := tree.feature[node]) >= 0:
            child = tree.left[node] if numbers[feature] <= tree.threshold[node] else tree.right[node]
            pushed[feature] += tree.value[child] - tree.value[node]
            node = child
    return pushed


class Calibrator:
    """Raw nats to log-odds by straight lines between points; beyond them one nat is one nat."""

    __slots__ = ("_odds", "_raws", "_slopes")

    def __init__(self, points: Sequence[tuple[float, float]]) -> None:
        """At least two points, rising in both numbers."""
        self._raws = [raw for raw, _ in points]
        self._odds = [odds for _, odds in points]
        self._slopes = [
            (odds - low_odds) / (raw - low_raw) for (low_raw, low_odds), (raw, odds) in pairwise(points)
        ]
        self._slopes = [_SLOPE_BEYOND, *self._slopes, _SLOPE_BEYOND]

    def log_odds(self, raw: float) -> float:
        """The calibrated log-odds of a raw score."""
        place = bisect_right(self._raws, raw)
        near = place - 1 if place else 0
        return self._odds[near] + self._slopes[place] * (raw - self._raws[near])
