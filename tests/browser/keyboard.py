"""The keyboard as the only way to a browser, with every press and every page counted."""

from __future__ import annotations

from collections.abc import Callable

from tests.browser.chromium import Browser

ENTER, SPACE, CONTROL = "\ue007", " ", "\ue009"
#: More than any page has places for the focus.
_MOST_TABS = 150
_AT = "return document.activeElement?.matches(arguments[0]) ?? false"
#: How slowly somebody may type, and how long they may read each page.
_PRESS_S, _PAGE_S = 1.5, 5.0


class Keyboard:
    """Presses keys in a browser. `presses` and `pages` are how many there were."""

    def __init__(self, browser: Browser) -> None:
        self.presses = 0
        self.pages = 0
        self._browser = browser

    @property
    def slow_hands_s(self) -> float:
        """How long a person who does this for the first time takes for it, in seconds, besides what the machine takes."""
        return self.presses * _PRESS_S + self.pages * _PAGE_S

    def press(self, keys: str) -> None:
        """Press the keys one after the other."""
        self.presses += len(keys)
        self._browser.press(keys)

    def and_go(self, keys: str) -> None:
        """Press the keys, which lead to another page."""
        with self._browser.another_page():
            self.press(keys)
        self.pages += 1

    def reach(self, selector: str) -> None:
        """Press Tab until what the CSS selector names has the focus."""
        self._tab_until(lambda: bool(self._browser.script(_AT, selector)), selector)

    def reach_in_frame(self, frame: str, selector: str) -> None:
        """The same for what stands in a frame."""

        def there() -> bool:
            if not self._browser.script(_AT, frame):
                return False
            with self._browser.within(frame):
                return bool(self._browser.script(_AT, selector))

        self._tab_until(there, selector)

    def fill(self, selector: str, text: str) -> None:
        """Go to a field and type."""
        self.reach(selector)
        self.press(text)

    def follow(self, selector: str) -> None:
        """Go to what leads to another page, and there."""
        self.reach(selector)
        self.and_go(ENTER)

    def bring(self, keys: str) -> None:
        """Press the keys, and wait for the dialog of the desk that they bring."""
        self.press(keys)
        self._browser.until(
            lambda: self._browser.script("return !!document.querySelector('dialog:modal [type=submit]')")
        )
        self.pages += 1

    def _tab_until(self, holds: Callable[[], bool], what: str) -> None:
        for _ in range(_MOST_TABS):
            if holds():
                return
            self._browser.tab()
            self.presses += 1
        raise AssertionError(f"the keyboard does not reach {what!r} on {self._browser.path}")
