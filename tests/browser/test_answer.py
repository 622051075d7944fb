"""Answering a letter in the browser beside the stories: where the focus goes, and a page that looks again by itself."""

from __future__ import annotations

import pytest

from tests.browser.chromium import Browser
from tests.browser.page_rules import focus_order, tab_to
from tests.browser.served import Served
from tests.services.answers.asking import ACCOUNT, asks, confirm, held

pytestmark = pytest.mark.browser


def letter(served: Served) -> str:
    """The address of the link of a letter about a held payment."""
    return f"{served.url}{served.run(asks(served.site, effects=(held('e1'),)))}"


def frozen(served: Served) -> bool:
    return served.run(served.site.app.state.holds.of(ACCOUNT)).frozen is not None


def test_the_keyboard_alone_stops_money_and_the_page_says_when_by_itself(
    browser: Browser, served: Served
) -> None:
    browser.open(letter(served))
    assert focus_order(browser)[2:] == ["No, it wasn’t me", "Yes, it was me"]
    tab_to(browser, "No, it wasn’t me")
    browser.press("\ue007")
    browser.until_heading("Stop all money going out?")
    tab_to(browser, "sure")
    browser.press(" ")
    tab_to(browser, "Stop outgoing money")
    browser.press("\ue007")
    browser.until_heading("We are stopping outgoing money")
    assert frozen(served)
    served.run(confirm(served.site))
    browser.until_heading("Outgoing money is stopped")

    assert "Confirmed by your wallet at" in browser.text
