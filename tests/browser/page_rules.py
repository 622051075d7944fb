"""Rules that every page keeps, checked in the browser: names, order, contrast, size, width. Source: WCAG 2.2 A and AA."""

from __future__ import annotations

from pathlib import Path

from tests.browser.chromium import Browser

_HERE = Path(__file__).parent
#: axe-core as `make test-browser` fetches it by npm: MPL-2.0, for tests alone.
AXE = _HERE / "build" / "axe.min.js"
_AXE_RUN = """
const done = arguments[arguments.length - 1];
const tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"];
axe.run(document, { runOnly: tags, resultTypes: ["violations"], iframes: false })
  .then((found) => done(found.violations.map((each) => `${each.id}: ${each.nodes.map((node) => node.html).join(" | ")}`)))
  .catch((error) => done([`axe: ${error.message}`]));
"""

_FAULTS = (_HERE / "page_faults.js").read_text()
_CONTRASTS = (_HERE / "page_contrasts.js").read_text()
_FOCUS_SHOWN = (_HERE / "page_focus.js").read_text()
_BY_KEYBOARD = "return document.activeElement.matches(':focus-visible')"
_FOCUS = r"""
const style = getComputedStyle(document.activeElement);
return [document.activeElement.tagName, style.outlineStyle, parseFloat(style.outlineWidth)];
"""


def faults(browser: Browser, *, for_fingers: bool = True) -> list[str]:
    """What breaks a rule on the present page; `for_fingers`: nothing on it may be smaller than 24 px, whatever is around it."""
    return [
        *browser.script(_FAULTS, for_fingers),
        *(f"contrast {each}" for each in browser.script(_CONTRASTS)),
    ]


def without_focus(browser: Browser) -> list[str]:
    """What takes no focus, does not show it, or is covered while it has it; the focus is where it was afterwards."""
    at = browser.driver.switch_to.active_element
    # From the end of a page, Tab leaves it first.
    browser.until(lambda: _is_reached(browser))
    found: list[str] = browser.script(_FOCUS_SHOWN)
    browser.script("arguments[0].focus()", at)
    return found


def violations(browser: Browser) -> list[str]:
    """What axe-core, which was put into the page, says breaks WCAG 2.2 A or AA there."""
    found: list[str] = browser.driver.execute_async_script(_AXE_RUN)
    return found


def focus_order(browser: Browser) -> list[str]:
    """The focus from the page's beginning to its end by Tab; fails where it cannot be seen."""
    _begin(browser)
    order: list[str] = []
    while len(order) < 30:
        browser.press("\ue004")
        tag, style, width_px = browser.script(_FOCUS)
        if tag == "BODY" or (order and browser.focused == order[0]):
            break
        # Within a frame, the focus is its own document's.
        assert tag == "IFRAME" or style == "solid", f"{browser.focused} shows no focus"
        assert tag == "IFRAME" or width_px >= 2, f"{browser.focused} shows a thin focus"
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


def _is_reached(browser: Browser) -> bool:
    browser.tab()
    return bool(browser.script(_BY_KEYBOARD))


def _begin(browser: Browser) -> None:
    browser.script("document.activeElement.blur(); document.body.tabIndex = -1; document.body.focus()")
    browser.script("document.body.removeAttribute('tabindex')")
