"""Fits a small gradient-boosted model on replayed features, calibrates it, and writes it as a model file.

Trees are few and shallow, so that they stay within the pipeline's budget. The number of trees is found on the last days of the
window, the calibration on days that were held out in turn, and the model that is written is fitted on all days. Classes are
neither weighted nor resampled: that would raise the AUC, and lower the average precision and break the calibration.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from math import exp, log
from typing import Any

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from contracts.errors import Malformed
from services.lab.evaluate.measures import day_named
from services.lab.train.rows import Rows
from services.risk.features import NAMES, VERSION
from services.risk.model_file import FORMAT, Bin, ModelFile, Provenance, Tree, checksum_of
from services.risk.trees import Calibrator, compiled

Numbers = NDArray[np.float64]
_MOST_POINTS, _FRAUDS_A_POINT = 16, 10
#: Between two points one nat of raw score is at least this much: no two scores become equal.
_LEAST_SLOPE = 0.05


def calibration_points(raw: Numbers, frauds: Numbers) -> tuple[tuple[float, float], ...]:
    """Points of (raw score, log-odds), rising in both, from bins of equally many frauds; neighbours out of order are pooled."""
    order = np.argsort(raw, kind="stable")
    raw, frauds = raw[order], frauds[order]
    total = float(frauds.sum())
    bins = int(max(1, min(_MOST_POINTS, total // _FRAUDS_A_POINT)))
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


_CATEGORY_AT = NAMES.index("category_log_odds")
#: Events of average fraud that each category is taken to have had besides its own.
_CATEGORY_PRIOR = 200.0
#: Each feature is cut at 254 values; its largest values are cut once more on their own, one by one.
_TAIL = 254
_HELD_SHARE, _PARTS = 0.28, 5
_LEAST_FRAUDS, _LEAST_TREES = 20, 20


class TrainOptions(Struct, frozen=True):
    """`trees` is the most there may be; `first_day` and `last_day` count from 1970-01-01."""

    name: str
    first_day: int
    last_day: int
    label_delay_days: int
    trees: int = 60
    depth: int = 3
    learning_rate: float = 0.1
    seed: int = 1


class Trained(Struct, frozen=True):
    """A model and what its held-out days said: log loss by number of trees, and the reliability curve is in the file."""

    file: ModelFile
    held_out_losses: tuple[float, ...]


class _Fit:
    """One boosted classifier on columns and, beside them, the largest values of each column."""

    def __init__(self, numbers: Numbers, frauds: Numbers, trees: int, options: TrainOptions) -> None:
        from sklearn.ensemble import HistGradientBoostingClassifier

        rank = min(_TAIL, len(numbers))
        self.columns = numbers.shape[1]
        self._tails = np.partition(numbers, -rank, axis=0)[-rank]
        self.classifier = HistGradientBoostingClassifier(
            learning_rate=options.learning_rate,
            max_iter=trees,
            max_depth=options.depth,
            max_leaf_nodes=None,
            min_samples_leaf=20,
            l2_regularization=5.0,
            early_stopping=False,
            random_state=options.seed,
        )
        self.classifier.fit(self._wide(numbers), frauds)

    def raw(self, numbers: Numbers) -> Numbers:
        """Raw scores in nats."""
        scores: Numbers = self.classifier.decision_function(self._wide(numbers))
        return scores

    def losses(self, numbers: Numbers, frauds: Numbers) -> list[float]:
        """Log loss on other rows with one tree, two, and so on."""
        return [
            float(np.mean(np.logaddexp(0.0, raw) - frauds * raw))
            for raw in self.classifier.staged_decision_function(self._wide(numbers))
        ]

    def _wide(self, numbers: Numbers) -> Numbers:
        return np.hstack([numbers, np.maximum(numbers, self._tails)])


def train(rows: Rows, options: TrainOptions) -> Trained:
    """Fit, calibrate and write down. Raises Malformed when there are too few frauds or days to learn from."""
    frauds = np.frombuffer(rows.frauds, np.int8).astype(np.float64)
    days = np.frombuffer(rows.days, np.int32)
    if frauds.sum() < _LEAST_FRAUDS or len(np.unique(days)) < _PARTS:
        raise Malformed(
            "too_little",
            f"{int(frauds.sum())} frauds on {len(np.unique(days))} days between {day_named(options.first_day)} and "
            f"{day_named(options.last_day)}; at least {_LEAST_FRAUDS} frauds on {_PARTS} days are needed",
        )
    numbers = np.frombuffer(rows.numbers, np.float32).reshape(len(rows), rows.width).astype(np.float64)
    everyday, used = category_odds(rows, frauds, days)
    numbers[:, _CATEGORY_AT] = used
    trees, losses = _number_of_trees(numbers, frauds, days, options)
    held = _held_out(numbers, frauds, days, trees, options)
    points = calibration_points(held, frauds)
    fit = _Fit(numbers, frauds, trees, options)
    file = ModelFile(
        format=FORMAT,
        name=options.name,
        features_version=VERSION,
        features=NAMES,
        detectors=rows.detectors,
        categories=everyday,
        base=float(fit.classifier._baseline_prediction[0, 0]),
        trees=exported(fit.classifier, fit.columns),
        calibration=points,
        provenance=Provenance(
            trained_from=day_named(options.first_day),
            trained_to=day_named(options.last_day),
            events=len(rows),
            frauds=int(frauds.sum()),
            label_delay_days=options.label_delay_days,
            data_digest=rows.data_digest,
            reliability=reliability_bins(held, frauds, Calibrator(points)),
        ),
    )
    _check(file, numbers, fit)
    return Trained(_with_checksum(file), tuple(losses))


def category_odds(rows: Rows, frauds: Numbers, days: NDArray[np.int32]) -> tuple[dict[str, float], Numbers]:
    """Log-odds of each category above the average, and the column of them: each row's from the other parts' days.

    Leaving out the row alone would give frauds and honest payments of one category two neighbouring values, which a
    tree can tell apart: the truth would leak.
    """
    index = np.frombuffer(rows.categories, np.int16)
    size = len(rows.category_names)
    rate = frauds.mean()
    average = np.log(rate / (1.0 - rate))

    def odds(some: NDArray[np.bool_]) -> Numbers:
        bad = np.bincount(index[some], frauds[some], size) + _CATEGORY_PRIOR * rate
        share = bad / (np.bincount(index[some], minlength=size) + _CATEGORY_PRIOR)
        result: Numbers = np.log(share / (1.0 - share)) - average
        return result

    table = odds(np.ones(len(index), np.bool_))
    known = {name: float(table[at]) for name, at in rows.category_names.items() if name is not None}
    column = np.zeros(len(index))
    for mine in _parts(days):
        column[mine] = odds(~mine)[index[mine]]
    nameless = rows.category_names.get(None)
    if nameless is not None:
        column[index == nameless] = 0.0
    return known, column


def _number_of_trees(
    numbers: Numbers, frauds: Numbers, days: NDArray[np.int32], options: TrainOptions
) -> tuple[int, list[float]]:
    """How many trees do best on the last days, learnt from those before them."""
    later = days > np.quantile(days, 1.0 - _HELD_SHARE)
    if not 0.0 < frauds[later].sum() < frauds.sum():
        return options.trees, []
    fit = _Fit(numbers[~later], frauds[~later], options.trees, options)
    losses = fit.losses(numbers[later], frauds[later])
    return max(min(_LEAST_TREES, options.trees), int(np.argmin(losses)) + 1), losses


def _held_out(
    numbers: Numbers, frauds: Numbers, days: NDArray[np.int32], trees: int, options: TrainOptions
) -> Numbers:
    """The raw score of every row, by a fit that has not seen its days."""
    raw = np.zeros(len(frauds))
    for mine in _parts(days):
        raw[mine] = _Fit(numbers[~mine], frauds[~mine], trees, options).raw(numbers[mine])
    return raw


def _parts(days: NDArray[np.int32]) -> list[NDArray[np.bool_]]:
    """The rows of each part: every fifth day."""
    named = np.unique(days)
    return [np.isin(days, named[part::_PARTS]) for part in range(_PARTS)]


def exported(classifier: Any, columns: int) -> tuple[Tree, ...]:
    """The trees of a fitted classifier as arrays. A column and the one of its largest values are the same feature."""
    return tuple(_tree(stage[0].nodes, columns) for stage in classifier._predictors)


def _tree(nodes: Any, columns: int) -> Tree:
    value, weight = [float(each) for each in nodes["value"]], [int(each) for each in nodes["count"]]
    leaf = [bool(each) for each in nodes["is_leaf"]]
    left, right = ([int(each) for each in nodes[side]] for side in ("left", "right"))
    for node in reversed(range(len(nodes))):
        if not leaf[node]:
            yes, no = left[node], right[node]
            value[node] = (value[yes] * weight[yes] + value[no] * weight[no]) / (weight[yes] + weight[no])
    return Tree(
        feature=tuple(
            -1 if leaf[node] else int(each) % columns for node, each in enumerate(nodes["feature_idx"])
        ),
        threshold=tuple(
            0.0 if leaf[node] else float(each) for node, each in enumerate(nodes["num_threshold"])
        ),
        left=tuple(left),
        right=tuple(right),
        value=tuple(value),
    )


def _check(file: ModelFile, numbers: Numbers, fit: _Fit) -> None:
    """The written trees must say what the fitted ones say: their inner layout is not promised by the library."""
    step = max(1, len(numbers) // 1000)
    some = numbers[::step]
    score, split = compiled(file), len(NAMES)
    for row, expected in zip(some.tolist(), fit.raw(some).tolist(), strict=True):
        if abs(score(row[:split], row[split:]) - expected) > 1e-6:
            raise RuntimeError(
                "the exported trees do not score as the fitted ones; is scikit-learn another version?"
            )


def _with_checksum(file: ModelFile) -> ModelFile:
    from msgspec.structs import replace

    return replace(file, checksum=checksum_of(file))


def strongest(file: ModelFile, most: int = 12) -> Sequence[tuple[str, float]]:
    """The numbers of the vector that move scores most: the mean absolute step at their splits, summed over the trees."""
    names = [*file.features, *(f"finding of {name}" for name in file.detectors)]
    moved = dict.fromkeys(names, 0.0)
    for tree in file.trees:
        for node, feature in enumerate(tree.feature):
            if feature >= 0:
                yes, no = tree.value[tree.left[node]], tree.value[tree.right[node]]
                moved[names[feature]] += abs(yes - tree.value[node]) + abs(no - tree.value[node])
    ranked = sorted(moved.items(), key=lambda item: -item[1])
    return [(name, step) for name, step in ranked[:most] if step > 0.0]
