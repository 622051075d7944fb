"""The trial of single changes itself: it makes faults, leaves alone what decides nothing, and sees who notices."""

from __future__ import annotations

import ast
import contextlib
import io
from collections.abc import Iterator
from pathlib import Path

import pytest
from rich.console import Console

from tests.mutants.__main__ import Tried, drawn, modules, show
from tests.mutants.changes import changed, changes
from tests.mutants.trial import ROOT, Copy, FailsUnchanged, Module

LIMIT = '''
"""A module."""

from collections.abc import Callable

MOST = 3
Asked = Callable[[int], "bool | Awaitable"]

def allowed(count: int, owner: str | None = None) -> bool:
    """Whether so many are allowed."""
    log.debug("asked for %d", 1)
    if count < 0 and owner:
        raise ValueError("count must not be " + "negative")
    return count <= MOST
'''
TEST = """
from limit import allowed

def test_three_are_allowed_and_four_are_not():
    assert allowed(3) and not allowed(4)
"""


def test_a_change_alters_one_place_and_leaves_a_module_that_parses() -> None:
    for change in changes(LIMIT):
        with_it = changed(LIMIT, change)
        ast.parse(with_it)
        assert with_it != ast.unparse(ast.parse(LIMIT))


@pytest.mark.parametrize(
    "name",
    ["3 -> 4", "count <= MOST -> count < MOST", "count < 0 and owner -> count < 0 or owner", "0 -> 1"],
)
def test_limits_and_conditions_are_changed(name: str) -> None:
    assert name in {change.name for change in changes(LIMIT)}


@pytest.mark.parametrize(
    "word", ["A module", "Whether", "asked", "negative", "int", "None ->", "bool | Awaitable"]
)
def test_texts_logs_and_types_are_left_alone(word: str) -> None:
    befores = [change.before for change in changes(LIMIT)]

    assert not [before for before in befores if before.strip("'\"").startswith(word)]


def test_the_same_seed_draws_the_same_changes_and_another_one_others() -> None:
    module = modules()[0]
    first = [change.name for change in drawn(module, 10, seed=7)]

    assert first == [change.name for change in drawn(module, 10, seed=7)]
    assert first != [change.name for change in drawn(module, 10, seed=8)]


@pytest.mark.parametrize("module", modules(), ids=lambda module: module.path)
def test_every_module_of_the_trial_and_its_tests_exist(module: Module) -> None:
    assert (ROOT / module.path).is_file()
    assert all((ROOT / test.partition("::")[0]).is_file() for test in module.tests)


@pytest.mark.parametrize("module", modules(), ids=lambda module: module.path)
def test_every_change_that_alters_nothing_is_still_possible(module: Module) -> None:
    possible = {change.name for change in changes((ROOT / module.path).read_text())}

    assert set(module.same) <= possible


def test_twenty_modules_are_tried() -> None:
    assert len({module.path for module in modules()}) >= 20


@pytest.fixture
def copy(tmp_path: Path) -> Iterator[Copy]:
    """A tree of one module and its test, beside the copied product."""
    with contextlib.closing(Copy(tmp_path / "tree")) as tree:
        (tree.folder / "limit.py").write_text(LIMIT)
        (tree.folder / "test_limit.py").write_text(TEST)
        yield tree


def test_a_fault_that_a_test_covers_is_noticed_and_one_that_none_covers_is_not(copy: Copy) -> None:
    module = Module("limit.py", ("test_limit.py",))
    log = "import logging\nlog = logging.getLogger()\n"
    (copy.folder / "limit.py").write_text(log + LIMIT)
    by_name = {change.name: change for change in changes(log + LIMIT)}
    unchanged_s = copy.seconds_unchanged(module)

    assert copy.notices(module, by_name["count <= MOST -> count < MOST"], unchanged_s)
    assert not copy.notices(module, by_name["0 -> 1"], unchanged_s)
    assert (copy.folder / "limit.py").read_text() == log + LIMIT


def test_tests_that_fail_without_a_change_are_said_and_not_counted(copy: Copy) -> None:
    with pytest.raises(FailsUnchanged, match=r"limit\.py"):
        copy.seconds_unchanged(Module("limit.py", ("test_limit.py",)))


@pytest.mark.parametrize(
    ("noticed", "enough"),
    [
        ({"a": 25, "b": 19}, True),
        ({"a": 22, "b": 22}, True),
        ({"a": 22, "b": 21}, False),
        ({"a": 25, "b": 18}, False),
        ({"a": 25, "b": 25, "c": 25, "d": 18}, False),
    ],
    ids=["88 over all, one at 76", "both at 88", "86 over all", "86 over all, one at 72", "one at 72"],
)
def test_88_in_100_must_be_noticed_over_all_and_75_in_each_module(
    noticed: dict[str, int], enough: bool
) -> None:
    results = [Tried(name, number < count) for name, count in noticed.items() for number in range(25)]
    page = io.StringIO()

    assert show(results, Console(file=page, width=100)) is enough
    told = [line.split() for line in page.getvalue().splitlines()]
    assert [line[0] for line in told] == ["module", *noticed, "all"]
    assert told[-1][1:3] == [str(len(results)), str(sum(noticed.values()))]
