"""A dispute goes to paper, and today is read: by keyboard, in both languages, schemes and widths, and without scripts."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from services.desk.pack import sha256
from services.desk.packs import known
from tests.browser.chromium import Browser
from tests.browser.desk_rules import keeps_the_rules
from tests.browser.desk_served import DeskServed
from tests.services.desk.browser import COOKIE
from tests.services.desk.written_cases import ACCOUNT, Clock, a_dispute

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory, migrated_file: Path) -> Iterator[tuple[DeskServed, str]]:
    """A desk, and the path of a dispute's pack."""
    with DeskServed(tmp_path_factory.mktemp("desk"), migrated_file) as desk:
        case = desk.run(a_dispute(desk.desk.database, Clock()))
        yield desk, f"{desk.url}/desk/cases/{case.case_id}/pack"


@pytest.mark.parametrize("language", ["en", "zh-CN"])
def test_the_sheet_today_and_the_report_keep_the_rules_in_every_look(
    browser: Browser, served: tuple[DeskServed, str], language: str
) -> None:
    desk, pack = served
    desk.sign_in(browser, "senior", f"min.{language[:2]}", language)
    for path in (pack, f"{desk.url}/desk/today", f"{desk.url}/desk/today?days=7", f"{desk.url}/desk/report"):
        browser.open(path)
        keeps_the_rules(browser, path)
        assert language == browser.script("return document.documentElement.lang")


def test_a_dispute_goes_to_a_paper_whose_hash_the_audit_knows(
    browser: Browser, served: tuple[DeskServed, str]
) -> None:
    desk, pack = served
    desk.sign_in(browser, "agent", "wang.min", "zh-CN")
    browser.open(pack)
    browser.until_text("用户陈述")
    assert ACCOUNT not in browser.text

    address = browser.script("return document.querySelector('.packbar .main').href")
    cookie = browser.driver.get_cookie(COOKIE)
    assert cookie is not None
    paper = httpx.get(address, cookies={COOKIE: cookie["value"]}, timeout=30.0)

    assert paper.headers["content-type"] == "application/pdf"
    [one] = desk.run(known(desk.desk.database, sha256(paper.content)))
    assert one.by == "staff:wang.min"


def test_a_complete_copy_is_asked_for_by_keyboard_and_without_scripts(
    browser: Browser, served: tuple[DeskServed, str]
) -> None:
    desk, pack = served
    desk.sign_in(browser, "agent", "zhou.lei")
    browser.command("Emulation.setScriptExecutionDisabled", value=True)
    browser.open(pack)

    browser.find("input[name=why]").send_keys("the bank asks", "\ue007")

    browser.until_text("You asked for a complete copy")
