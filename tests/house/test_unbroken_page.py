"""docs/unbroken.md names tests that exist, for every item; those that must run on real parts do."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
TEXT = (ROOT / "docs" / "unbroken.md").read_text(encoding="utf-8")
ROWS = [line for line in TEXT.splitlines() if re.match(r"\| \d+ \|", line)]
NAMED = re.compile(r"`(tests/[\w/]+/test_\w+\.py)::(test_\w+)`")
ITEMS = range(1, 29)
#: Those that one bad record, request or part must not stop: shown on Apache Kafka, Redis or PostgreSQL.
ON_REAL_PARTS = range(1, 11)
_REAL = re.compile(r"mark\.(real|chaos)|real_(kafka|redis|postgres)|KINDS|make_stack|any_kafka")


@cache
def text_of(file: str) -> str:
    return (ROOT / file).read_text(encoding="utf-8")


def item_of(row: str) -> int:
    return int(row.split("|")[1])


@pytest.mark.parametrize("item", ITEMS)
def test_every_item_has_a_claim(item: int) -> None:
    assert [row for row in ROWS if item_of(row) == item]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: "-".join(row.split("|")[1:3])[:60])
def test_every_claim_is_shown_by_tests_that_exist(row: str) -> None:
    claim, shown = row.split("|")[2:4]
    named = NAMED.findall(shown)

    assert claim.strip()
    assert shown.strip() == ", ".join(f"`{file}::{name}`" for file, name in named) != ""
    for file, name in named:
        assert re.search(rf"^(async )?def {name}\(", text_of(file), re.MULTILINE), f"{file}::{name}"


@pytest.mark.parametrize("item", ON_REAL_PARTS)
def test_what_must_not_stop_the_rest_is_shown_on_real_parts(item: int) -> None:
    files = {file for row in ROWS if item_of(row) == item for file, _ in NAMED.findall(row)}

    assert any(_REAL.search(text_of(file)) for file in files), files
