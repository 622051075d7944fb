"""docs/security.md names tests and settings that exist."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from services.platform.settings import PREFIX, Settings

ROOT = Path(__file__).resolve().parents[2]
TEXT = (ROOT / "docs" / "security.md").read_text()
TESTS = sorted(set(re.findall(r"`((?:tests/[\w/]+/)?test_\w+\.py)(?:::(\w+))?`", TEXT)))
ASKED = [f"6.5.{number}" for number in range(1, 9)] + [f"6.6.{number}" for number in range(1, 5)]


@pytest.mark.parametrize(("file", "name"), TESTS)
def test_every_test_that_the_page_names_exists(file: str, name: str) -> None:
    path = ROOT / file if file.startswith("tests/") else ROOT / "tests/services/mfa" / file

    assert path.is_file()
    assert not name or re.search(rf"^(async )?def {name}\(", path.read_text(), re.MULTILINE)


def test_every_requirement_is_answered_once() -> None:
    assert re.findall(r"^\| (6\.[56]\.\d) ", TEXT, re.MULTILINE) == ASKED


def test_every_setting_that_the_page_names_exists() -> None:
    named = set(re.findall(rf"`{PREFIX}(\w+)`", TEXT))

    assert {name.lower() for name in named} <= set(Settings.__struct_fields__)


def test_every_page_that_the_page_names_exists() -> None:
    assert all((ROOT / page).is_file() for page in re.findall(r"`(docs/[\w/.-]+)`", TEXT))
