"""docs/second-factor-tests.md names tests that exist, and those on concurrency run over two processes on real parts."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from tests.services.cases.databases import KINDS

ROOT = Path(__file__).resolve().parents[2]
TEXT = (ROOT / "docs" / "second-factor-tests.md").read_text()
ROWS = [line for line in TEXT.splitlines() if line.startswith("| ") and not line.startswith("| claim ")]
NAMED = re.compile(r"`((?:tests/[\w/]+/)?test_\w+\.py)::(test_\w+)`")
CONCURRENT = [row for row in ROWS if row.startswith("| **two** ")]
#: What must be shown over two processes, by a word of its claim.
OVER_TWO = ["hundred at once", "kill -9 between", "Redis was", "guesses at once", "Enrolments", "load"]


@cache
def functions(file: str) -> dict[str, ast.FunctionDef | ast.AsyncFunctionDef]:
    """The functions of a file of tests, by name."""
    path = ROOT / file if file.startswith("tests/") else ROOT / "tests/services/mfa" / file
    tree = ast.parse(path.read_text())
    return {node.name: node for node in tree.body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}


@pytest.mark.parametrize(("file", "name"), sorted({found for row in ROWS for found in NAMED.findall(row)}))
def test_every_test_that_the_page_names_exists(file: str, name: str) -> None:
    assert name in functions(file)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.split("|")[1].strip())
def test_every_claim_says_what_is_expected_and_is_shown_by_a_test(row: str) -> None:
    _, claim, expected, shown, _ = (cell.strip() for cell in row.split("|"))

    assert claim
    assert expected
    assert shown == ", ".join(f"`{file}::{name}`" for file, name in NAMED.findall(shown)) != ""


@pytest.mark.parametrize("row", CONCURRENT, ids=lambda row: row.split("|")[1].strip())
def test_every_claim_about_many_at_once_is_shown_over_two_processes_of_the_api(row: str) -> None:
    for file, name in NAMED.findall(row):
        taken = {argument.arg for argument in functions(file)[name].args.args}
        assert "pair" in taken, f"{file}::{name}"


@pytest.mark.parametrize("word", OVER_TWO)
def test_the_claims_that_need_two_processes_are_marked(word: str) -> None:
    assert [row for row in CONCURRENT if word in row.split("|")[1]] != []


def test_two_processes_run_on_real_parts_too() -> None:
    """The pair's database and store are chosen by kind; the second kind is PostgreSQL and Redis."""
    real: Any = KINDS[1]
    chosen = ast.unparse(functions("test_two_processes.py")["kind"].decorator_list[0])

    assert "params=KINDS" in chosen
    assert (real.values, [mark.name for mark in real.marks]) == (("postgresql",), ["real"])
