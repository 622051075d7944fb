from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.browser.chromium import Browser, installed, not_there
from tests.browser.served import Served
from tests.services.cases.databases import migrated_file  # noqa: F401  found here by the tests


@pytest.fixture(scope="session")
def chromium(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """One browser for the run; its cookies are cleared before each test."""
    programs = installed()
    if programs is None:
        not_there("chromium and chromedriver are not installed")
    browser = Browser(programs, tmp_path_factory.mktemp("profile"))
    yield browser
    browser.close()


@pytest.fixture
def browser(chromium: Browser) -> Iterator[Browser]:
    """A phone with no cookies and one empty window. After the test, the browser must have had nothing to complain of."""
    chromium.begin_anew()
    yield chromium
    chromium.command("Emulation.setScriptExecutionDisabled", value=False)
    assert chromium.complaints() == []


@pytest.fixture
def served(tmp_path: Path, migrated_file: Path) -> Iterator[Served]:  # noqa: F811
    """The pages on loopback."""
    with Served(tmp_path, migrated_file) as pages:
        yield pages
