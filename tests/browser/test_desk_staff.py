"""Members of the desk and one's own page: by keyboard, in both languages, schemes and widths, and without scripts."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.browser.chromium import Browser
from tests.browser.desk_served import DeskServed
from tests.browser.page_rules import AXE, violations
from tests.services.desk.made import hired

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]
ENTER = "\ue007"
_SCREENS = ((1440, 900), (1024, 768))
_SIDEWAYS = "return document.scrollingElement.scrollWidth > innerWidth"


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory, migrated_file: Path) -> Iterator[DeskServed]:
    """A desk at which an agent and another administrator work."""
    with DeskServed(tmp_path_factory.mktemp("desk"), migrated_file) as desk:
        desk.run(hired(desk.desk.staff, "agent", "zhao.lei"))
        desk.run(hired(desk.desk.staff, "admin", "bo"))
        yield desk


@pytest.mark.parametrize("language", ["en", "zh-CN"])
def test_the_pages_of_members_keep_the_rules_in_every_look(
    browser: Browser, served: DeskServed, language: str
) -> None:
    name = f"he.{language[:2]}"
    served.sign_in(browser, "admin", name, language)
    for path in ("/desk/staff", "/desk/staff/zhao.lei", f"/desk/staff/{name}", "/desk/me"):
        browser.open(f"{served.url}{path}")
        if AXE.exists():
            browser.script(AXE.read_text())
        for size in _SCREENS:
            for dark in (False, True):
                browser.screen(size, dark=dark)
                assert not browser.script(_SIDEWAYS), (path, size)
                if AXE.exists():
                    assert [] == violations(browser), (path, size, dark)
        assert language == browser.script("return document.documentElement.lang")


def test_a_member_is_added_and_suspended_by_keyboard_and_without_scripts(
    browser: Browser, served: DeskServed
) -> None:
    served.sign_in(browser, "admin", "xu.fang")
    browser.command("Emulation.setScriptExecutionDisabled", value=True)
    browser.open(f"{served.url}/desk/staff")
    browser.find("#n").send_keys("sun.yue", ENTER)
    browser.until_text("The first sign-in of sun.yue")
    browser.open(f"{served.url}/desk/staff/sun.yue")
    browser.find("form[action$='/suspend'] button").send_keys(ENTER)
    browser.until_text("They are suspended")

    assert served.run(served.desk.staff.kept("sun.yue")).disabled_at is not None
