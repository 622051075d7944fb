"""Rules that every page keeps, checked in the browser: names, order, contrast, size, width. Source: WCAG 2.2 A and AA."""

from __future__ import annotations

from pathlib import Path

from tests.browser.chromium import Browser

_HERE = Path(__file__).parent

_FAULTS = (_HERE / "page_faults.js").read_text()
_CONTRASTS = (_HERE / "page_contrasts.js").read_text()
_FOCUS = r"""
const style = getComputedStyle(document.activeElement);
return [document.activeElement.tagName, style.outlineStyle, parseFloat(style.outlineWidth)];
"""


def faults(browser: Browser) -> list[str]:
    """What breaks a rule on the present page."""
    return [*browser.script(_FAULTS), *(f"contrast {each}" for each in browser.script(_CONTRASTS))]


def focus_order(browser: Browser) -> list[str]:
    """The focus from the page's beginning to its end by Tab; fails where it cannot be seen."""
    _begin(browser)
    order: list[str] = []
    while len(order) < 30:
        browser.press("\ue004")
        tag, style, width_px = browser.script(_FOCUS)
        if tag == "BODY" or (order and browser.focused == order[0]):
            break
        assert style == "solid", f"{browser.focused} shows no focus"
        assert width_px >= 2, f"{browser.focused} shows a thin focus"
        order.append(browser.focused)
    return order


def tab_to(browser: Browser, name: str) -> None:
    """Press Tab from the page's beginning until the focus is on it."""
    _begin(browser)
    for _ in range(30):
        browser.press("\ue004")
        if browser.focused == name:
            return
    raise AssertionError(f"the keyboard does not reach {name!r}")


def _begin(browser: Browser) -> None:
    browser.script("document.activeElement.blur(); document.body.tabIndex = -1; document.body.focus()")
    browser.script("document.body.removeAttribute('tabindex')")
