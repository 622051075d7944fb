"""The page of a case as an agent meets it: one screen, both languages, schemes and widths, by keyboard, and without scripts."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.browser.chromium import Browser
from tests.browser.desk_rules import WIDE, keeps_the_rules
from tests.browser.desk_served import DeskServed
from tests.services.desk import worked

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]
_SHARED_KEYS = """
const keyed = [...document.querySelectorAll("[data-key]")].filter((each) => !each.closest("dialog"));
const keys = keyed.map((each) => each.dataset.key);
return keys.filter((key, place) => keys.indexOf(key) !== place);
"""
_SCROLLS = "return document.scrollingElement.scrollHeight > innerHeight"


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory, migrated_file: Path) -> Iterator[tuple[DeskServed, str]]:
    """A desk, and a case that somebody should look at."""
    with DeskServed(tmp_path_factory.mktemp("desk"), migrated_file) as desk:
        yield desk, desk.run(worked.live(desk.desk.database, desk.desk.clock()))


@pytest.mark.parametrize("language", ["en", "zh-CN"])
def test_a_case_is_on_one_screen_and_keeps_the_rules_in_every_look(
    browser: Browser, served: tuple[DeskServed, str], language: str
) -> None:
    desk, case_id = served
    desk.sign_in(browser, "agent", f"min.{language[:2]}", language)
    case = f"{desk.url}/desk/cases/{case_id}"
    for path in (case, f"{case}?days=30", f"{case}/reveal/phone", f"{desk.url}/desk/reveals"):
        browser.open(path)
        assert browser.script(_SHARED_KEYS) == [], path
        keeps_the_rules(browser, path)
        assert path != case or not browser.script(_SCROLLS), "the page of a case scrolls"
    assert language == browser.script("return document.documentElement.lang")


def test_a_field_is_revealed_by_keyboard_and_gone_when_the_page_is_loaded_by_another(
    browser: Browser, served: tuple[DeskServed, str]
) -> None:
    desk, case_id = served
    browser.screen(WIDE)
    desk.sign_in(browser, "agent", "wang.min")
    browser.open(f"{desk.url}/desk/cases/{case_id}")

    browser.press("r", "p")
    browser.until_at(f"/desk/cases/{case_id}/reveal/phone")
    browser.follow("main form button")
    browser.until_text("+8613812342207")

    desk.sign_in(browser, "agent", "li.na")
    browser.open(f"{desk.url}/desk/cases/{case_id}")
    assert "+8613812342207" not in browser.text


def test_the_wallet_is_asked_again_without_scripts(browser: Browser, served: tuple[DeskServed, str]) -> None:
    desk, case_id = served
    browser.screen(WIDE)
    desk.sign_in(browser, "agent", "zhou.lei")
    browser.command("Emulation.setScriptExecutionDisabled", value=True)
    browser.open(f"{desk.url}/desk/cases/{case_id}")

    browser.follow("[data-key^=A]")
    browser.follow("[data-key=Enter]")

    browser.until_text("Done: Ask the wallet again.")
