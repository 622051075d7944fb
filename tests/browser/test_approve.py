"""Approving a challenge in the browser beside the stories: the focus, the clock, and what no page lets through."""

from __future__ import annotations

import pytest

from tests.browser.chromium import Browser
from tests.browser.page_rules import focus_order, tab_to
from tests.browser.served import Served
from tests.browser.steps import type_code

pytestmark = pytest.mark.browser
#: Moves the page's clock on to so many seconds after what it counts down to.
_AHEAD = """
const [minutes, seconds] = document.querySelector("[data-left]").textContent.split(":").map(Number);
const ahead = (60 * minutes + seconds + arguments[0]) * 1000, now = performance.now.bind(performance);
performance.now = () => now() + ahead;
"""


def test_the_keyboard_alone_refuses_and_reports(browser: Browser, served: Served) -> None:
    browser.go(served.challenge_link("c1"))
    browser.until_heading("Approve this payment?")
    assert focus_order(browser) == [
        "Skip to the content",
        "简体中文",
        "code",
        "Approve payment",
        "This wasn’t me",
        "I cannot get a code",
    ]
    tab_to(browser, "This wasn’t me")
    browser.press("\ue007")
    browser.until_heading("Stop this payment?")
    assert focus_order(browser)[2:] == ["Yes, stop it", "Go back"]
    tab_to(browser, "Yes, stop it")
    browser.press("\ue007")
    browser.until_heading("We are stopping outgoing money")

    assert served.state("c1") == "failed"


def test_a_wrong_code_is_announced_and_the_field_has_the_focus(browser: Browser, served: Served) -> None:
    secret = served.enrolled()
    browser.go(served.challenge_link("c1"))
    type_code(browser, served.world.wrong(secret))
    browser.until_text("Tries left: 4")
    browser.until(lambda: browser.focused == "code")

    assert browser.focused == "code"
    described = str(browser.find("#code").get_attribute("aria-describedby")).split()
    assert "wrong" in described
    assert browser.find("#wrong").get_attribute("role") == "alert"


def test_the_time_left_counts_down_and_the_end_is_said(browser: Browser, served: Served) -> None:
    browser.go(served.challenge_link("c1"))
    browser.until_heading("Approve this payment?")
    browser.script(_AHEAD, -8)
    browser.until_text("Ten seconds left.")
    served.clock.at += 300.0
    browser.script(_AHEAD, 0)
    browser.until_heading("The time is over")

    assert served.state("c1") == "expired"


def test_the_cookie_is_out_of_reach_of_scripts_and_the_page_of_frames(
    browser: Browser, served: Served
) -> None:
    browser.go(served.challenge_link("c1"))
    browser.until_heading("Approve this payment?")
    readable = browser.script("return document.cookie")
    browser.script(
        "const f = document.createElement('iframe'); f.src = '/my/approve'; document.body.append(f)"
    )
    browser.until_complaint("frame")

    assert readable == ""
    browser.complaints()


def test_a_script_that_was_smuggled_in_does_not_run(browser: Browser, served: Served) -> None:
    browser.go(served.challenge_link("c1"))
    browser.until_heading("Approve this payment?")
    browser.script(
        "const a = document.createElement('a'); a.textContent = 'win'; a.href = 'javascript:document.title = `owned`';"
        "document.body.append(a); a.click()"
    )
    browser.until_complaint("Content Security Policy")

    assert browser.driver.title != "owned"
    browser.complaints()
