"""Headless Chromium as a phone, and what is asked of it in every test."""

from __future__ import annotations

import base64
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NoReturn

import pytest
from selenium import webdriver
from selenium.common.exceptions import StaleElementReferenceException, TimeoutException, WebDriverException
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.wait import WebDriverWait

#: A narrow phone; the wide ones are in tests/browser/ways.py.
PHONE = (360, 740)
_FLAGS = """--headless=new --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking
--disable-component-update --disable-sync --disable-dev-shm-usage --hide-scrollbars""".split()
#: A busy machine is slow; what never comes is told after so long.
_WAIT_S = 60.0


def installed() -> tuple[str, str] | None:
    """Paths of the browser and of its driver; None when one is missing."""
    browser, driver = shutil.which("chromium"), shutil.which("chromedriver")
    return None if browser is None or driver is None else (browser, driver)


def not_there(why: str) -> NoReturn:
    """Skip the test, or fail it where every part is required (PAYGUARD_REAL)."""
    if os.environ.get("PAYGUARD_REAL"):
        pytest.fail(why)
    pytest.skip(why)


class Browser:
    """One browser with a profile of its own. Use `close` when done."""

    def __init__(self, programs: tuple[str, str], profile: Path) -> None:
        options = webdriver.ChromeOptions()
        options.binary_location = programs[0]
        for flag in (*_FLAGS, f"--user-data-dir={profile}"):
            options.add_argument(flag)
        options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
        # The driver's own waiting for pages is a guess that is right most times; a test that needs it fails at once.
        options.page_load_strategy = "none"
        self.driver = webdriver.Chrome(options=options, service=Service(programs[1]))
        self.look()

    def close(self) -> None:
        """End the browser and its driver."""
        self.driver.quit()

    def begin_anew(self) -> None:
        """One empty window without cookies, on a phone; what was left by others, and complained of, is gone."""
        self.command("Emulation.setScriptExecutionDisabled", value=False)
        self.one_window()
        self.driver.delete_all_cookies()
        self.command("Network.enable")
        self.command("Network.clearBrowserCookies")
        self.look()
        self.complaints()

    def look(
        self,
        *,
        size: tuple[int, int] = PHONE,
        dark: bool = False,
        language: str = "en",
        still: bool = True,
        sharpness: float = 1.0,
    ) -> None:
        """Look at pages on a screen of this size, in this scheme and language."""
        self.screen(size, dark=dark, still=still, sharpness=sharpness)
        self.command("Network.enable")
        self.command("Network.setExtraHTTPHeaders", headers={"Accept-Language": language})

    def screen(
        self,
        size: tuple[int, int],
        *,
        dark: bool = False,
        forced: bool = False,
        still: bool = True,
        sharpness: float = 1.0,
    ) -> None:
        """Look at the present page, which stays, on another screen; `forced`: in the few colours of the system."""
        width, height = size
        features = [
            {"name": "prefers-color-scheme", "value": "dark" if dark else "light"},
            {"name": "prefers-reduced-motion", "value": "reduce" if still else "no-preference"},
            {"name": "forced-colors", "value": "active" if forced else "none"},
        ]
        metrics = {"width": width, "height": height, "deviceScaleFactor": sharpness, "mobile": width < 700}
        self.command("Emulation.setDeviceMetricsOverride", **metrics)
        self.command("Emulation.setEmulatedMedia", features=features)

    def command(self, name: str, **values: Any) -> Any:
        """A command of the DevTools protocol."""
        return self.driver.execute_cdp_cmd(name, values)

    def script(self, text: str, *values: Any) -> Any:
        """What a script in the page returns."""
        return self.driver.execute_script(text, *values)

    def open(self, url: str) -> None:
        """Open the address and wait for the page."""
        with self.another_page():
            self.driver.get(url)

    def go(self, link: str) -> None:
        """Open a link of the wallet, press its one button, and wait for the page that it leads to."""
        self.open(link)
        self.follow("main form button")
        self.until_at("/my/approve", "/my/factor", "/my/authenticator", "/my/open", "/my/centre")

    def one_window(self) -> None:
        """Close the windows that pages have opened, and leave the page in the first."""
        first, *more = self.driver.window_handles
        for handle in more:
            self.driver.switch_to.window(handle)
            self.driver.close()
        self.driver.switch_to.window(first)
        self.driver.get("about:blank")

    def follow(self, selector: str) -> None:
        """Click what leads to another page, and wait for that page."""
        wanted = self.find(selector)
        # As a reader would: what is under a bar at the edge is brought into sight first.
        self.script("arguments[0].scrollIntoView({block: 'center'})", wanted)
        with self.another_page():
            wanted.click()

    def until(self, holds: Callable[[], bool], within_s: float = _WAIT_S) -> None:
        """Wait until it holds on a page that is there as a whole; one that is just being replaced does not count."""
        waiting = WebDriverWait(self.driver, within_s, 0.05, ignored_exceptions=[WebDriverException])
        try:
            waiting.until(lambda _: holds() and self.script("return document.readyState") == "complete")
        except TimeoutException:
            pytest.fail(f"still at {self.path}, {self.heading!r}, {self.text[:600]!r}")

    def until_at(self, *paths: str) -> None:
        """Wait until the address is one of these."""
        self.until(lambda: self.path in paths)

    def until_heading(self, heading: str) -> None:
        """Wait until the page is the one with this heading."""
        self.until(lambda: self.heading == heading)

    def until_text(self, text: str) -> None:
        """Wait until the page shows the text."""
        self.until(lambda: text in self.text)

    def until_complaint(self, about: str) -> None:
        """Wait until the browser complains about it; what it said before is gone then."""
        self.until(lambda: any(about in one for one in self.complaints()))

    @property
    def path(self) -> str:
        """The path of the page's address."""
        return str(self.script("return location.pathname"))

    @property
    def heading(self) -> str:
        """The text of the page's first heading; empty while there is none."""
        return str(self.script("return document.querySelector('h1')?.textContent ?? ''"))

    @property
    def text(self) -> str:
        """What the page shows."""
        return str(self.script("return document.body.innerText"))

    @property
    def focused(self) -> str:
        """The id, else the text, of what has the focus."""
        return str(self.script("const e = document.activeElement; return e.id || e.innerText || e.tagName"))

    def find(self, selector: str) -> WebElement:
        """The first element of a CSS selector."""
        return self.driver.find_element(By.CSS_SELECTOR, selector)

    def press(self, *keys: str) -> None:
        """Press keys, one after the other, wherever the focus is."""
        for key in keys:
            self.driver.switch_to.active_element.send_keys(key)

    def tab(self) -> None:
        """Press Tab, wherever the focus is: the driver itself would take it for a path in a field of files."""
        for kind in ("rawKeyDown", "keyUp"):
            self.command("Input.dispatchKeyEvent", type=kind, key="Tab", code="Tab", windowsVirtualKeyCode=9)

    def complaints(self) -> list[str]:
        """What the browser complained of since the last look: errors, refused resources, violations of the policy."""
        return [entry["message"] for entry in self._log() if entry["level"] != "INFO"]

    @contextmanager
    def another_page(self) -> Iterator[None]:
        """Wait, after what is done within, for the page that it leads to."""
        before = self.find("html")
        yield
        self.until(lambda: _is_gone(before))

    @contextmanager
    def within(self, frame: str) -> Iterator[None]:
        """What is done within is done in that frame of the page."""
        self.driver.switch_to.frame(self.find(frame))
        try:
            yield
        finally:
            self.driver.switch_to.default_content()

    @contextmanager
    def another_tab(self) -> Iterator[None]:
        """Go, after what is done within, to the tab that it opens."""
        before = set(self.driver.window_handles)
        yield
        self.until(lambda: set(self.driver.window_handles) > before)
        (opened,) = set(self.driver.window_handles) - before
        self.driver.switch_to.window(opened)

    def _log(self) -> list[dict[str, str]]:
        entries: list[dict[str, str]] = self.driver.execute("getLog", {"type": "browser"})["value"]
        return entries

    def picture(self, whole: bool = True) -> bytes:
        """The page as PNG, from top to bottom or only what is on the screen."""
        wanted: dict[str, Any] = {"format": "png"}
        if whole:
            size = self.command("Page.getLayoutMetrics")["cssContentSize"]
            clip = {"x": 0, "y": 0, "width": size["width"], "height": size["height"], "scale": 1}
            wanted |= {"captureBeyondViewport": True, "clip": clip}
        return base64.b64decode(self.command("Page.captureScreenshot", **wanted)["data"])


def _is_gone(element: WebElement) -> bool:
    try:
        element.is_enabled()
    except StaleElementReferenceException:
        return True
    return False
