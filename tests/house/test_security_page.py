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

#: Of those who work at the desk: how many requirements each section has.
OF_STAFF = {
    "6.1": 3, "6.2": 12, "6.3": 8, "6.4": 6, "6.7": 2, "6.8": 4,
    "7.1": 3, "7.2": 4, "7.3": 2, "7.4": 5, "7.5": 3, "7.6": 2,
    "8.1": 4, "8.2": 4, "8.3": 3, "8.4": 2,
}  # fmt: skip


@pytest.mark.parametrize(("file", "name"), TESTS)
def test_every_test_that_the_page_names_exists(file: str, name: str) -> None:
    path = ROOT / file if file.startswith("tests/") else ROOT / "tests/services/mfa" / file

    assert path.is_file()
    assert not name or re.search(rf"^(async )?def {name}\(", path.read_text(), re.MULTILINE)


def test_every_requirement_is_answered_once() -> None:
    assert re.findall(r"^\| (6\.[56]\.\d) ", TEXT, re.MULTILINE) == ASKED


def test_every_requirement_of_the_desk_is_answered_once_by_a_test_or_openly_by_none() -> None:
    rows = re.findall(r"^\| (\d\.\d)\.(\d+) \(L(\d)\) \| [^|]+ \| [^|]+ \| ([^|]+) \|$", TEXT, re.MULTILINE)
    rows = [row for row in rows if row[0] in OF_STAFF]

    assert [f"{section}.{number}" for section, number, *_ in rows] == [
        f"{section}.{number}" for section, count in OF_STAFF.items() for number in range(1, count + 1)
    ]
    assert all("test_" in shown or shown == "nothing to test" for *_, shown in rows)


def test_every_setting_that_the_page_names_exists() -> None:
    named = set(re.findall(rf"`{PREFIX}(\w+)`", TEXT))

    assert {name.lower() for name in named} <= set(Settings.__struct_fields__)


def test_every_page_that_the_page_names_exists() -> None:
    assert all((ROOT / page).is_file() for page in re.findall(r"`(docs/[\w/.-]+)`", TEXT))
