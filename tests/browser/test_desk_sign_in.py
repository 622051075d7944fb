"""Into the desk and out of it by keyboard, in both languages: a wrong code, the right one, the page that was wanted, the end."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from services.desk.frame import words
from services.mfa.totp import code_of, step_at
from tests.browser.chromium import Browser
from tests.browser.desk_rules import WIDE, keeps_the_rules
from tests.browser.desk_served import DeskServed
from tests.services.desk.made import PASSWORD, SECRET, hired

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]
ENTER = "\ue007"
_MOST_TABS = 40


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory, migrated_file: Path) -> Iterator[DeskServed]:
    """A desk with nothing in its queue."""
    with DeskServed(tmp_path_factory.mktemp("sign-in"), migrated_file) as served:
        yield served


def typed(browser: Browser, *fields: str) -> None:
    """Type from the field that has the focus on, Tab by Tab, and send it by Enter; wait for what it leads to."""
    with browser.another_page():
        for place, text in enumerate(fields):
            if place:
                browser.tab()
            browser.press(text)
        browser.press(ENTER)


def tab_to(browser: Browser, text: str) -> None:
    """Press Tab until what has that text has the focus."""
    for _ in range(_MOST_TABS):
        browser.tab()
        if browser.script("return document.activeElement.innerText") == text:
            return
    raise AssertionError(f"the keyboard does not reach {text!r}")


@pytest.mark.parametrize("language", ["en", "zh-CN"])
def test_staff_sign_in_and_out_without_a_mouse(browser: Browser, desk: DeskServed, language: str) -> None:
    t, name = words(language), f"wang.{language[:2]}"
    desk.run(hired(desk.desk.staff, "agent", name, language))
    code = code_of(SECRET, step_at(desk.desk.clock()))
    browser.look(size=WIDE, language=language)
    browser.open(f"{desk.url}/desk/approvals")
    assert browser.heading == t("signin.title")
    keeps_the_rules(browser, "sign-in")

    typed(browser, name, PASSWORD, "000000" if code != "000000" else "111111")
    keeps_the_rules(browser, "refused")
    assert browser.path == "/desk/sign-in"
    assert t("signin.used") in browser.text
    typed(browser, PASSWORD, code)
    assert browser.path == "/desk/approvals"
    assert browser.heading == t("approvals.title")

    browser.open(f"{desk.url}/desk/me")
    keeps_the_rules(browser, "me")
    tab_to(browser, t("me.out"))
    with browser.another_page():
        browser.press(ENTER)
    assert t("signin.out") in browser.text
    keeps_the_rules(browser, "signed out")
    assert all("403" in each for each in browser.complaints())
