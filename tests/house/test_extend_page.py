"""Whoever follows docs/extend.md has added one: its steps are carried out in a copy of the repository, and tried there."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/extend.md").read_text(encoding="utf-8")
SECTIONS = dict(re.findall(r"^## (.+?)\n(.*?)(?=^## |\Z)", PAGE, re.S | re.M))
TRY_IT = "try it"
_BLOCK = re.compile(
    r"```(?:python|toml)\n# ([^\n,]+)(?:, (below|above|instead of): ([^\n]+))?\n(.*?)```", re.S
)


class Step(NamedTuple):
    """A block of the page: what it says, and where that goes."""

    file: str
    where: str
    line: str
    text: str

    def carry_out(self, root: Path) -> None:
        path = root / self.file
        if not self.where:
            assert not path.exists(), f"{self.file} is there already"
            path.write_text(self.text, encoding="utf-8")
            return
        lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
        found = [number for number, line in enumerate(lines) if line.strip() == self.line.strip()]
        assert len(found) == 1, f"{self.file} has {len(found)} lines {self.line!r}"
        begins = found[0] + (self.where == "below")
        lines[begins : begins + (self.where == "instead of")] = [self.text]
        path.write_text("".join(lines), encoding="utf-8")


def steps(section: str) -> list[Step]:
    return [Step(*found) for found in _BLOCK.findall(SECTIONS[section])]


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    for folder in ("contracts", "detectors", "services", "notifier"):
        # With what Python has compiled, which holds for a copy: what it is compiling now is not there yet.
        shutil.copytree(ROOT / folder, tmp_path / folder, ignore=shutil.ignore_patterns("*.pyc.*"))
    return tmp_path


def tried(root: Path, text: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(root), "PYTHONDONTWRITEBYTECODE": "1"}
    (root / "try_it.py").write_text(text, encoding="utf-8")
    return subprocess.run(
        [sys.executable, "try_it.py"],
        cwd=root,
        env=environment,
        capture_output=True,
        text=True,
        timeout=250,
        check=False,
    )


def checks() -> dict[str, str]:
    """What tries each section's steps."""
    return {section: steps(section)[-1].text for section in SECTIONS}


def test_before_its_steps_nothing_of_a_section_is_there(repository: Path) -> None:
    none_is = f"""
there = []
for section, check in {checks()!r}.items():
    try:
        exec(compile(check, section, "exec"), {{}})
    except Exception:
        continue
    there.append(section)
assert not there, f"there is nothing to add: {{there}}"
"""
    before = tried(repository, none_is)

    assert before.returncode == 0, before.stderr


@pytest.mark.parametrize("section", SECTIONS)
def test_the_steps_of_the_page_add_one(section: str, repository: Path) -> None:
    *added, check = steps(section)
    assert (check.file, bool(added)) == (TRY_IT, True)

    for step in added:
        step.carry_out(repository)
    after = tried(repository, check.text)

    assert after.returncode == 0, after.stderr


def test_all_of_them_can_be_added_together(repository: Path) -> None:
    for section in SECTIONS:
        for step in steps(section)[:-1]:
            step.carry_out(repository)
    # What a check writes anew must not have been imported before it.
    texts = sorted(checks().items(), key=lambda check: "subprocess.run" not in check[1])
    runs = [f"exec(compile({check!r}, {section!r}, 'exec'), {{}})" for section, check in texts]
    after = tried(repository, "\n".join(runs))

    assert after.returncode == 0, after.stderr


def test_every_table_of_the_page_has_a_section_and_every_block_is_a_step() -> None:
    tables = re.findall(r"^\| an? .*?\| `([^`]+)`", PAGE, re.M)
    touched = [{step.file for step in steps(section)} for section in SECTIONS]
    assert [table in files for table, files in zip(tables, touched, strict=True)] == [True] * len(SECTIONS)
    assert PAGE.count("```python") + PAGE.count("```toml") == sum(len(steps(section)) for section in SECTIONS)
