"""One page as everybody looks at it: two screens, two schemes, narrow, large text, few colours, by keyboard, no motion."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from tests.browser.chromium import Browser
from tests.browser.page_rules import AXE, faults, violations, without_focus
from tests.browser.ways import SIZES, Language

_HERE = Path(__file__).parent
#: As tall as the longest page: what lies under a bar at the edge until the reader scrolls is no fault.
_TALL = 7000
_NARROW = (320, 568)
_FORCED = (_HERE / "page_forced.js").read_text()
_CONTRASTS = (_HERE / "page_contrasts.js").read_text()
_LARGE = "document.documentElement.style.fontSize = arguments[0]"
_MOVING = """
return [...document.querySelectorAll('*')].filter((e) => ['', '::before', '::after'].some((part) => {
  const s = getComputedStyle(e, part); return parseFloat(s.transitionDuration) > 0 || s.animationName !== 'none'; }))
  .map((e) => e.outerHTML.slice(0, 80));
"""


class Fault(NamedTuple):
    """What breaks a rule, and in which look."""

    look: str
    what: str


def faults_in_every_look(browser: Browser, language: Language) -> list[Fault]:
    """What breaks a rule on the present page, which is not loaded again; the screen is a phone by day afterwards."""
    found = [
        *_axe(browser),
        *_narrow_and_large(browser),
        *_by_keyboard(browser),
    ]
    found += [Fault("few colours", what) for dark in (False, True) for what in _few_colours(browser, dark)]
    browser.screen(SIZES["phone"])
    found += [Fault("still", f"moves: {what}") for what in browser.script(_MOVING)]
    spoken = str(browser.script("return document.documentElement.lang"))
    return found if spoken == language else [*found, Fault("", f"speaks {spoken}")]


def _axe(browser: Browser) -> Iterator[Fault]:
    if AXE.exists():
        browser.script(AXE.read_text())
    for screen, (width, _) in SIZES.items():
        for dark in (False, True):
            browser.screen((width, _TALL), dark=dark)
            # What axe finds depends on one of the two at a time: two looks show it each screen and each scheme.
            by_axe = violations(browser) if AXE.exists() and dark == (screen == "phone") else []
            for what in (*faults(browser), *by_axe):
                yield Fault(f"{screen}, {'dark' if dark else 'light'}", what)


def _narrow_and_large(browser: Browser) -> Iterator[Fault]:
    """WCAG 2.2, 1.4.10 and 1.4.4: 320 px, and text twice as large on a phone."""
    browser.screen(_NARROW)
    yield from (Fault("320 px", what) for what in faults(browser))
    browser.screen(SIZES["phone"])
    browser.script(_LARGE, "200%")
    cut = [what for what in faults(browser) if what.startswith(("cut off", "scrolls sideways"))]
    browser.script(_LARGE, "")
    yield from (Fault("200 %", what) for what in cut)


def _by_keyboard(browser: Browser) -> Iterator[Fault]:
    for screen, size in SIZES.items():
        browser.screen(size)
        yield from (Fault(f"{screen}, keyboard", what) for what in without_focus(browser))


def _few_colours(browser: Browser, dark: bool) -> list[str]:
    browser.screen(SIZES["phone"], dark=dark, forced=True)
    return [*browser.script(_FORCED), *(f"contrast {each}" for each in browser.script(_CONTRASTS))]
