"""`payguard up --demo` as its visitor meets it: one command, an address, and a page on which somebody needs help."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx

from tests.browser.chromium import Browser
from tests.browser.keyboard import ENTER, Keyboard

ROOT = Path(__file__).resolve().parents[2]
#: What takes longer has got stuck; what it should take is asserted by a test that has nothing beside it.
_READY_S = 600.0
_STOPS_S = 120.0
_LOOKS = 60
#: Two steps of 30 s, and a page that is slow to come.
_NEXT_CODE_S = 120.0
_SIGN_IN = "return [...document.querySelectorAll('.sign-in dd')].map((each) => each.innerText)"
#: The frame of the letter that is chosen.
LETTER = "iframe.letter"


class Demonstration:
    """A running demonstration; `started_s` is monotonic. Use as a context manager."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._code_used = ""

    def __enter__(self) -> Demonstration:
        self.started_s = time.monotonic()
        command = [sys.executable, "-m", "services.cli.main", "up", "--demo", "--plain"]
        self._log = (self._folder / "log").open("w+b")
        self._child = subprocess.Popen(
            [*command, "--data-dir", str(self._folder / "demo")],
            cwd=ROOT,
            stdout=self._log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        self.address = self._until(r"^Open (http://127\.0\.0\.1:\d+/demo)$", self._said)
        self._until(r"#letter", self._page)
        #: how long it took until there was a letter to read
        self.ready_after_s = time.monotonic() - self.started_s
        return self

    def __exit__(self, *_: object) -> None:
        self._child.send_signal(signal.SIGINT)
        try:
            self._child.wait(_STOPS_S)
        except subprocess.TimeoutExpired:
            os.killpg(self._child.pid, signal.SIGKILL)
        self._log.close()

    @property
    def database(self) -> Path:
        """The file of its database."""
        return self._folder / "demo" / "payguard.sqlite3"

    def rows(self, query: str, *values: str) -> list[tuple[Any, ...]]:
        """What the database answers to a query."""
        with contextlib.closing(sqlite3.connect(f"file:{self.database}?mode=ro", uri=True)) as opened:
            return opened.execute(query, values).fetchall()

    def agent_code(self) -> str:
        """A code that the agent's authenticator shows now and that has not signed in before: the next one, if need be."""
        until_s = time.monotonic() + _NEXT_CODE_S
        while time.monotonic() < until_s:
            found = re.search(r'data-now="agent">(\d{3} \d{3})<', self._page())
            assert found is not None, "the page shows no code of the agent"
            if found[1] != self._code_used:
                self._code_used = found[1]
                return found[1].replace(" ", "")
            time.sleep(1.0)
        raise AssertionError(f"the page showed the same code for {_NEXT_CODE_S:.0f} s")

    def _said(self) -> str:
        self._log.seek(0)
        return self._log.read().decode()

    def _page(self) -> str:
        try:
            return httpx.get(self.address, timeout=30.0).text
        except httpx.TransportError:
            return ""

    def _until(self, told: str, read: Callable[[], str]) -> str:
        while time.monotonic() - self.started_s < _READY_S and self._child.poll() is None:
            found = re.search(told, read(), re.MULTILINE)
            if found is not None:
                return found[found.re.groups]
            time.sleep(0.2)
        raise AssertionError(f"the demonstration never said {told!r}:\n{self._said()[-2000:]}")


def worried_owner(browser: Browser, address: str, look: Callable[[], None]) -> Iterator[str]:
    """From the demonstration's page to outgoing money that is stopped, one tap after the other; the name of each sight.

    `look` sets the size and scheme of a tab, of the one that the letter's link opens, too.
    """
    look()
    browser.open(address)
    yield "page"
    browser.follow(".guide a.main")
    browser.until(lambda: in_frame(browser, "return document.readyState") == "complete")
    yield "letter"
    in_frame(browser, "document.querySelector('a[href*=\"/my/answer/\"]').scrollIntoView({block: 'end'})")
    yield "question"
    _press_in_frame(browser, 'a[href*="/my/answer/"]')
    look()
    browser.until(lambda: bool(browser.driver.find_elements("id", "sure")))
    yield "no"
    browser.find("#sure").click()
    browser.follow("form button.main")
    browser.until(lambda: "/done/" in browser.path)
    browser.until(lambda: bool(browser.driver.find_elements("css selector", ".big-time")))
    yield "stopped"
    browser.open(address)
    _look_again_until(browser, "Money stopped, confirmed")
    browser.script("document.querySelector('#people').scrollIntoView()")
    yield "after"
    be(browser, address, "lin-xiaoyu")
    browser.until_at("/my/centre")
    yield "centre"


def agent_signs_in(hands: Keyboard, browser: Browser, running: Demonstration) -> str:
    """From the demonstration's page into the desk, by keyboard and by what the page shows; where the desk is."""
    browser.open(running.address)
    hands.pages += 1
    hands.reach(".agent a.second")
    name, password, _ = browser.script(_SIGN_IN)
    hands.and_go(ENTER)
    hands.press(name)
    hands.fill("#p", password)
    # From an authenticator beside the keyboard, as of now.
    hands.fill("#c", running.agent_code())
    hands.and_go(ENTER)
    browser.until_at("/desk")
    return str(browser.script("return location.origin"))


def be(browser: Browser, address: str, account: str) -> None:
    """Take somebody's place, and go as far as the question whether to open the link."""
    browser.open(address)
    browser.follow(f'form:has(input[value="{account}"]) button')
    browser.until(lambda: browser.path.startswith("/my/"))
    if browser.path.startswith("/my/open"):
        browser.follow("button.main")


def _look_again_until(browser: Browser, text: str) -> None:
    """Press "look again" until the page says it: a busy machine shows how people stood a moment ago."""
    for _ in range(_LOOKS):
        if text in browser.text:
            return
        browser.follow(".again a")
    raise AssertionError(f"the page never said {text!r}")


def in_frame(browser: Browser, script: str) -> object:
    """What a script in the chosen letter's frame returns."""
    with browser.within(LETTER):
        return browser.script(script)


def _press_in_frame(browser: Browser, selector: str) -> None:
    """What is pressed opens a tab of its own, to which the browser goes."""
    with browser.another_tab(), browser.within(LETTER):
        browser.find(selector).click()
