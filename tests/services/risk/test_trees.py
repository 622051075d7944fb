"""Compiled trees say what a walk through their arrays says."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from services.risk.features import NAMES
from services.risk.model_file import Tree
from services.risk.trees import Calibrator, compiled, pushes
from tests.services.scoring.models import DETECTORS, model_file

WIDTH = len(NAMES) + len(DETECTORS)
finite = st.floats(-50.0, 50.0, allow_nan=False)


@st.composite
def trees(draw: st.DrawFn, depth: int = 3) -> Tree:
    feature: list[int] = []
    threshold: list[float] = []
    left: list[int] = []
    right: list[int] = []
    value: list[float] = []

    def grow(deep: int) -> int:
        node = len(feature)
        splits = deep > 0 and draw(st.booleans())
        feature.append(draw(st.integers(0, WIDTH - 1)) if splits else -1)
        threshold.append(draw(finite))
        value.append(draw(finite))
        left.append(0)
        right.append(0)
        if splits:
            left[node] = grow(deep - 1)
            right[node] = grow(deep - 1)
        return node

    grow(depth)
    return Tree(tuple(feature), tuple(threshold), tuple(left), tuple(right), tuple(value))


def walked(tree: Tree, numbers: list[float]) -> float:
    node = 0
    while tree.feature[node] >= 0:
        asked = numbers[tree.feature[node]] <= tree.threshold[node]
        node = tree.left[node] if asked else tree.right[node]
    return tree.value[node]


numbers = st.lists(finite, min_size=WIDTH, max_size=WIDTH)


@given(st.lists(trees(), min_size=1, max_size=4), numbers)
def test_the_function_is_the_sum_of_the_leaves(grown: list[Tree], row: list[float]) -> None:
    model = model_file(*grown)
    expected = model.base
    for tree in grown:
        expected += walked(tree, row)
    assert compiled(model)(row[: len(NAMES)], row[len(NAMES) :]) == expected


@given(st.lists(trees(), min_size=1, max_size=4), numbers)
def test_pushes_add_up_to_what_the_way_through_the_trees_changed(grown: list[Tree], row: list[float]) -> None:
    model = model_file(*grown)
    moved = sum(walked(tree, row) - tree.value[0] for tree in grown)
    assert abs(sum(pushes(model, row[: len(NAMES)], row[len(NAMES) :])) - moved) < 1e-9


@given(finite, finite)
def test_a_higher_raw_score_never_has_lower_odds(one: float, other: float) -> None:
    calibrator = Calibrator([(-3.0, -6.0), (0.0, -1.0), (0.5, 4.0)])
    low, high = sorted((one, other))
    assert calibrator.log_odds(low) <= calibrator.log_odds(high)


def test_between_points_lines_are_straight_and_beyond_them_a_nat_is_a_nat() -> None:
    calibrator = Calibrator([(-2.0, -6.0), (0.0, -1.0)])
    assert calibrator.log_odds(-1.0) == -3.5
    assert calibrator.log_odds(-3.0) == -7.0
    assert calibrator.log_odds(2.0) == 1.0
