"""The rules that every page of the desk keeps: both widths, both schemes, and by keyboard."""

from __future__ import annotations

from tests.browser.chromium import Browser
from tests.browser.page_rules import AXE, faults, violations, without_focus

WIDE, NARROW = (1440, 900), (1024, 768)


def faults_at_the_desk(browser: Browser) -> list[str]:
    """What breaks a rule on the present page, which stays as it is; the screen is a wide one by day afterwards."""
    found: list[str] = []
    if AXE.exists():
        browser.script(AXE.read_text())
    for size in (NARROW, WIDE):
        for dark in (True, False):
            browser.screen(size, dark=dark)
            look = f"{size[0]} px, {'dark' if dark else 'light'}"
            # What axe finds depends on one of the two at a time: two looks show it each width and each scheme.
            by_axe = violations(browser) if AXE.exists() and dark == (size == NARROW) else []
            broken = [*faults(browser, for_fingers=False), *by_axe]
            found += [f"{look}: {each}" for each in broken]
    return [*found, *(f"keyboard: {each}" for each in without_focus(browser))]


def keeps_the_rules(browser: Browser, what: str) -> None:
    """Fails where the present page breaks a rule; `what` names it."""
    found = faults_at_the_desk(browser)
    assert not found, f"{what}: {found}"
