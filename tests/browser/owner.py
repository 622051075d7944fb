"""An owner who walks a story: on a screen, in a language and a scheme, with a mouse, by keyboard alone, or without scripts."""

from __future__ import annotations

from typing import Any

import pyotp
from selenium.webdriver.remote.webelement import WebElement

from services.portal.centre_frame import CENTRE_PREFIX
from services.portal.wording import wording
from tests.browser.chromium import Browser
from tests.browser.served import Served
from tests.browser.ways import SIZES, Way

ENTER, SPACE, DOWN = "\ue007", " ", "\ue015"
#: Control and A, let go again: what is typed next takes the place of all.
_ALL = "\ue009a\ue000"
#: More than any page has places for the focus.
_MOST_TABS = 120
_ON_IT = "return document.activeElement === arguments[0]"
_IN_GROUP = "return document.activeElement.name === arguments[0]"
_CHOSEN = "return document.querySelector(`input[name='${arguments[0]}']:checked`)?.value"


class Owner:
    """What the owner does, by the hand of the way; and what they see."""

    def __init__(self, browser: Browser, served: Served, way: Way) -> None:
        self.browser, self.served, self.way = browser, served, way
        self.language: str = way.language
        browser.look(size=SIZES[way.screen], dark=way.scheme == "dark", language=way.language)
        browser.command("Emulation.setScriptExecutionDisabled", value=way.hand == "no scripts")

    def says(self, key: str, **values: object) -> str:
        """The sentence of the pages in the owner's language."""
        return wording(self.language)(key, **values)

    def code(self, secret: str) -> str:
        """What the owner's authenticator shows now."""
        return pyotp.TOTP(secret).at(int(self.served.clock()))

    def open(self, address: str) -> None:
        """Open an address, of a link in a letter or one that was kept; a path is one of these pages."""
        self.browser.open(address if "://" in address else f"{self.served.url}{address}")

    def again(self) -> None:
        """Look at the page again."""
        self.open(str(self.browser.script("return location.href")))

    def arrive(self, purpose: str, **more: Any) -> None:
        """Come from the wallet by a link, and go on."""
        self.follow_link(self.served.link(purpose, locale=self.language, **more))

    def follow_link(self, link: str) -> None:
        """Open a link of the wallet and press its one button."""
        self.open(link)
        self.follow("main form button")

    def centre(self, section: str = "") -> None:
        """Open a section of the centre, which was entered before."""
        self.open(f"{CENTRE_PREFIX}{section}")

    def follow(self, selector: str) -> None:
        """Press what leads to another page, and wait for that page."""
        wanted = self._reach(selector)
        with self.browser.another_page():
            self._press(wanted, ENTER)

    def tick(self, selector: str) -> None:
        """Press a box or a switch."""
        self._press(self._reach(selector), SPACE)

    def unfold(self, selector: str) -> None:
        """Open what stands behind a word."""
        self._press(self._reach(selector), ENTER)

    def write(self, selector: str, text: str) -> None:
        """Put the text into a field in place of what is there."""
        self._reach(selector).send_keys(_ALL, text)

    def set_time(self, selector: str, digits: str) -> None:
        """Type a time into its field, as the browser's own language has it."""
        self._reach(selector).send_keys(digits)

    def choose(self, name: str, value: str) -> None:
        """Choose one answer of several."""
        if self.way.hand != "keyboard":
            self._press(self._reach(f"input[name='{name}'][value='{value}']"), SPACE)
            return
        self._tab_until(_IN_GROUP, name)
        self.browser.press(SPACE)
        for _ in range(10):
            if self.browser.script(_CHOSEN, name) == value:
                return
            self.browser.press(DOWN)
        raise AssertionError(f"the keyboard cannot choose {value!r} of {name!r}")

    def attach(self, selector: str, path: str) -> None:
        """Choose a file; the window for it is the browser's own."""
        self._reach(selector).send_keys(path)

    def reads(self, heading: str) -> None:
        """The page's heading is this one."""
        assert self.browser.heading == heading, (self.browser.path, self.browser.heading, heading)

    def sees(self, *texts: str) -> None:
        """The page shows each of these."""
        shown = " ".join(self.browser.text.split())
        missing = [text for text in texts if text not in shown]
        assert not missing, f"{self.browser.path} does not show {missing}: {shown[:600]!r}"

    def sees_not(self, text: str) -> None:
        """The page shows nothing of the kind."""
        assert text not in self.browser.text, f"{self.browser.path} shows {text!r}"

    def complaints(self, refusals: tuple[int, ...]) -> list[str]:
        """What the browser complained of, beside pages that were meant to be refused with one of these statuses."""
        named = tuple(f"the server responded with a status of {status} " for status in refusals)
        return [one for one in self.browser.complaints() if not any(each in one for each in named)]

    def _reach(self, selector: str) -> WebElement:
        """Bring it into sight; by keyboard: go there with Tab."""
        wanted = self.browser.find(selector)
        if self.way.hand == "keyboard":
            self._tab_until(_ON_IT, wanted)
        else:
            self.browser.script("arguments[0].scrollIntoView({block: 'center'})", wanted)
        return wanted

    def _tab_until(self, holds: str, value: object) -> None:
        for _ in range(_MOST_TABS):
            if self.browser.script(holds, value):
                return
            self.browser.tab()
        raise AssertionError(f"the keyboard does not reach {value!r} on {self.browser.path}")

    def _press(self, wanted: WebElement, key: str) -> None:
        if self.way.hand == "keyboard":
            self.browser.press(key)
        else:
            wanted.click()
