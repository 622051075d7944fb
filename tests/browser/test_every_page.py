"""Every page keeps the rules: both languages, both schemes, a narrow phone, large text, a wide screen."""

from __future__ import annotations

from collections.abc import Iterator

import pyotp
import pytest

from tests.browser.chromium import PHONE, Browser
from tests.browser.page_rules import faults
from tests.browser.served import Served
from tests.browser.steps import keep_codes, secret_on_page, type_code

pytestmark = pytest.mark.browser

VIEWS = {
    "phone": {"size": PHONE},
    "phone-dark-zh": {"size": PHONE, "dark": True, "language": "zh-CN"},
    "small-zh": {"size": (320, 568), "language": "zh-CN"},
    "wide-dark": {"size": (1200, 800), "dark": True},
}


def tour(browser: Browser, served: Served) -> Iterator[str]:
    """Go to one page after the other, and say which."""
    yield from enrolment(browser, served)
    yield from challenge(browser, served)


def enrolment(browser: Browser, served: Served) -> Iterator[str]:
    """The pages of an authenticator."""
    browser.go(served.enrol_link())
    yield "start"
    browser.follow("button.main")
    browser.until_at("/my/factor/start")
    yield "setup"
    secret = secret_on_page(browser)
    browser.find("summary").click()
    yield "setup, key shown"
    type_code(browser, served.world.wrong(secret))
    browser.until_at("/my/factor/confirm")
    yield "next code"
    type_code(browser, pyotp.TOTP(secret).at(int(served.clock())))
    browser.until(lambda: "data-codes" in browser.driver.page_source)
    yield "codes"
    keep_codes(browser)
    browser.until_at("/my/factor/done")
    yield "done"
    browser.go(served.enrol_link())
    yield "start again"
    browser.go(served.link("factor"))
    browser.until_at("/my/authenticator")
    yield "authenticator"


def challenge(browser: Browser, served: Served) -> Iterator[str]:
    """The pages of a challenge, and those of links and sessions that are over."""
    browser.go(served.challenge_link("c1", device_name="Pixel 9"))
    browser.until_at("/my/approve")
    yield "approve"
    browser.find("summary").click()
    yield "approve, recovery shown"
    type_code(browser, "nonsense")
    browser.until(lambda: 'role="alert"' in browser.driver.page_source)
    yield "approve, wrong"
    browser.open(f"{served.url}/my/approve/stop")
    yield "stop"
    browser.follow("button.danger")
    browser.until_at("/my/approve/stopped")
    yield "stopped"
    browser.open(f"{served.url}/my/approve")
    yield "refused"
    browser.open(f"{served.url}/my/open/none")
    yield "used up"
    browser.driver.delete_all_cookies()
    browser.open(f"{served.url}/my/approve")
    yield "closed"


@pytest.mark.parametrize("view", VIEWS)
def test_no_page_breaks_a_rule(browser: Browser, served: Served, view: str) -> None:
    browser.look(**VIEWS[view])  # type: ignore[arg-type]
    broken = {place: found for place in tour(browser, served) if (found := faults(browser))}
    complaints = [one for one in browser.complaints() if "410" not in one and "403" not in one]

    assert broken == {}
    assert complaints == []


def test_text_twice_as_large_loses_nothing(browser: Browser, served: Served) -> None:
    """WCAG 2.2, 1.4.4: at 200 % every page still fits the width of a phone."""
    larger = "document.documentElement.style.fontSize = '200%'; return document.documentElement.scrollWidth"
    widths: dict[str, int] = {}
    cut: dict[str, list[str]] = {}
    for place in tour(browser, served):
        widths[place] = browser.script(larger)
        cut[place] = [found for found in faults(browser) if "cut off" in found or "sideways" in found]
        browser.script("document.documentElement.style.fontSize = ''")
    browser.complaints()

    assert set(widths.values()) == {PHONE[0]}
    assert {place: found for place, found in cut.items() if found} == {}


def test_nothing_moves_for_who_asks_for_it(browser: Browser, served: Served) -> None:
    browser.look(still=True)
    browser.go(served.challenge_link("c1"))
    moving = browser.script(
        "return [...document.querySelectorAll('*')].filter((e) => parseFloat(getComputedStyle(e).transitionDuration) > 0).length"
    )

    assert moving == 0
