"""How an agent ends cases of each kind by keyboard, as tests do it that work through a queue."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from tests.browser.chromium import Browser
from tests.browser.keyboard import CONTROL, ENTER, Keyboard

#: How cases of each kind end, in turn: the keys, and what is typed where no message is ready for that end.
ENDINGS: Mapping[str, Sequence[tuple[str, str]]] = {
    "risk": (("vf", ""), ("vl", ""), ("vu", "")),
    "dispute": (("vu", ""), ("vc", "")),
    "payment_failed": (("ve", ""), ("vf", "")),
    "top_up_missing": (("va", ""), ("vr", "")),
    "unauthorised": (("vr", ""), ("vf", "")),
    "lost_device": (("vd", ""),),
    "password_reset": (("vn", ""), ("vl", "")),
    "advice": (("va", "Limits begin anew at midnight."),),
}
_ASKS_FOR_WORDS = "return document.activeElement.localName === 'textarea'"
UNDO = "return !!document.querySelector('button[data-undo]')"


def close(keyboard: Keyboard, browser: Browser, keys: str, typed: str) -> None:
    """End the case that is open, from its keys to the page that says what was done."""
    keyboard.bring(keys)
    if browser.script(_ASKS_FOR_WORDS):
        assert typed, browser.text
        keyboard.press(typed)
        keyboard.and_go(CONTROL + ENTER)
    else:
        keyboard.and_go(ENTER)
    assert browser.script(UNDO), browser.text
