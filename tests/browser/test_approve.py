"""Approving a challenge in the browser: on a phone, in Chinese, by keyboard, with large text, without scripts."""

from __future__ import annotations

import pyotp
import pytest

from tests.browser.chromium import Browser
from tests.browser.page_rules import faults, focus_order, tab_to
from tests.browser.served import Served
from tests.browser.steps import type_code

pytestmark = pytest.mark.browser


def test_a_code_approves_on_a_phone(browser: Browser, served: Served) -> None:
    secret = served.enrolled()
    browser.go(served.challenge_link("c1", device_name="iPhone 15"))
    browser.until_heading("Approve this payment?")
    shown = browser.text
    type_code(browser, pyotp.TOTP(secret).at(int(served.clock())))
    browser.until_heading("Approved")

    assert all(part in shown for part in ("CNY 412.00", "payee-9", "iPhone 15"))
    assert served.state("c1") == "passed"
    assert browser.path == "/my/approve"


def test_the_whole_way_in_chinese(browser: Browser, served: Served) -> None:
    secret = served.enrolled()
    browser.look(language="zh-CN,zh;q=0.9")
    browser.go(served.challenge_link("c1"))
    browser.until_heading("是否批准这笔付款？")
    assert "412.00 元" in browser.text
    assert faults(browser) == []
    type_code(browser, served.world.wrong(secret))
    browser.until_text("验证码未通过")
    assert faults(browser) == []
    type_code(browser, pyotp.TOTP(secret).at(int(served.clock())))
    browser.until_heading("已批准")


def test_the_language_can_be_switched(browser: Browser, served: Served) -> None:
    browser.go(served.challenge_link("c1"))
    browser.follow("a.language")
    browser.until_heading("是否批准这笔付款？")
    browser.follow("a.language")
    browser.until_heading("Approve this payment?")


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


def test_a_recovery_code_stands_behind_a_word_and_opens_by_it(browser: Browser, served: Served) -> None:
    browser.go(served.challenge_link("c1"))
    hidden = browser.find("#recovery").is_displayed()
    browser.find("summary").click()

    assert (hidden, browser.find("#recovery").is_displayed()) == (False, True)
    assert faults(browser) == []


def test_the_time_left_counts_down_and_the_end_is_said(browser: Browser, served: Served) -> None:
    served.run(served.world.issue("c1", lifetime_s=16))
    browser.go(served.link("challenge", challenge_id="c1"))
    browser.until_text("Ten seconds left.")
    browser.until_heading("The time is over")

    assert served.state("c1") == "expired"


def test_it_works_without_scripts(browser: Browser, served: Served) -> None:
    secret = served.enrolled()
    link = served.challenge_link("c1")
    browser.command("Emulation.setScriptExecutionDisabled", value=True)
    browser.open(link)
    browser.follow("button.main")
    shown = browser.find("main").text
    type_code(browser, pyotp.TOTP(secret).at(int(served.clock())))
    heading = browser.find("h1").text
    browser.command("Emulation.setScriptExecutionDisabled", value=False)

    assert "CNY 412.00" in shown
    assert (heading, served.state("c1")) == ("Approved", "passed")


def test_a_link_opened_twice_is_used_up(browser: Browser, served: Served) -> None:
    link = served.challenge_link("c1")
    browser.go(link)
    browser.until_heading("Approve this payment?")
    browser.open(link)
    browser.until_heading("This link is used up")

    assert [one for one in browser.complaints() if "410" not in one] == []


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
