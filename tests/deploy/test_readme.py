"""README and the pages beside it name things that exist."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import msgspec
import pytest
import typer

from services.cli.main import app
from services.platform.metrics import ALL
from services.platform.settings import PREFIX, Settings
from services.stream.fetching import IsolatedRecords, ParsedRecordsFetcher
from services.stream.transport import BatchConsumer, BatchConsumerThread
from tests.deploy.conftest import ROOT

DECISIONS = sorted((ROOT / "docs" / "decisions").glob("*.md"))
PAGES = [ROOT / "README.md", ROOT / "docs" / "architecture.md", *DECISIONS]
RUNBOOKS = sorted((ROOT / "docs" / "runbooks").glob("*.md"))
README = PAGES[0].read_text()
MAKE_TARGETS = set(re.findall(r"^([a-z0-9-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
COMMANDS: Any = typer.main.get_command(app)
_PATH = re.compile(
    r"`((?:contracts|detectors|services|notifier|deploy|tests|benchmarks|docs)(?:/[\w./-]+)?)`"
)


def _exists(name: str) -> bool:
    # The picture is made by `make screenshot`, which needs minutes.
    made = (ROOT / "docs" / "screenshot.py").read_text()
    path = ROOT / name
    return path.exists() or path.with_suffix(".py").exists() or path.name in made


def _commands(text: str) -> list[str]:
    return re.findall(r"\bpayguard ((?:--help|[a-z]+)(?: [a-z][a-z-]*)*)", text)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_file_a_page_names_exists(page: Path) -> None:
    text = page.read_text()
    links = [link for link in re.findall(r"\]\(([^)#:]+)\)", text) if link]

    assert [name for name in _PATH.findall(text) if not _exists(name)] == []
    assert [link for link in links if not _exists(str((page.parent / link).relative_to(ROOT)))] == []


def test_the_way_of_a_login_names_its_files_in_order() -> None:
    walk = README.split("## One login's path")[1].split("\n## ")[0]

    assert len(re.findall(r"^\d+\. ", walk, re.MULTILINE)) >= 7
    assert "services/stream/pipeline.py" in _PATH.findall(walk)


@pytest.mark.parametrize("page", [*PAGES, *RUNBOOKS], ids=lambda page: page.name)
def test_every_make_target_and_command_of_a_page_exists(page: Path) -> None:
    text = page.read_text()
    quoted = "\n".join(re.findall(r"`[^`]+`|^```\n.*?^```", text, re.MULTILINE | re.DOTALL))

    assert set(re.findall(r"\bmake ([a-z0-9-]+)", quoted)) <= MAKE_TARGETS
    for line in _commands(quoted):
        at = COMMANDS
        for word in line.split():
            if word == "--help" or not hasattr(at, "commands"):
                break
            assert word in at.commands, line
            at = at.commands[word]


@pytest.mark.parametrize("page", [*PAGES, *RUNBOOKS], ids=lambda page: page.name)
def test_every_setting_and_metric_of_a_page_exists(page: Path) -> None:
    text = page.read_text()
    known_settings = {PREFIX + field.name.upper() for field in msgspec.structs.fields(Settings)}

    assert set(re.findall(r"\bPAYGUARD_[A-Z_]+[A-Z]\b", text)) <= known_settings
    for name in re.findall(r"\bpayguard_[a-z_]+", text):
        assert any(name == known or name.startswith(f"{known}_") for known in ALL), name


def test_the_readme_opens_with_five_lines_and_two_commands() -> None:
    _, opening, commands, *_ = README.split("\n\n")

    assert len(opening.splitlines()) == 5
    assert re.findall(r"^make (\w+)", commands, re.MULTILINE) == ["demo", "test"]


def test_decision_records_are_numbered_and_keep_their_three_parts() -> None:
    assert [path.name[:4] for path in DECISIONS] == [
        f"{number:04}" for number in range(1, len(DECISIONS) + 1)
    ]
    for path in DECISIONS:
        headings = re.findall(r"^## (.+)$", path.read_text(), re.MULTILINE)
        assert headings == ["Context", "Decision", "Consequences"]


def test_the_record_on_faust_names_every_overridden_method() -> None:
    record = DECISIONS[0].read_text()
    for ours in (BatchConsumer, BatchConsumerThread, ParsedRecordsFetcher, IsolatedRecords):
        stock = [base for base in ours.__mro__[1:] if base is not object]
        overridden = {
            name
            for name, value in vars(ours).items()
            if callable(value) and any(name in vars(base) for base in stock)
        }
        assert [name for name in sorted(overridden) if f"`{name}`" not in record] == []
