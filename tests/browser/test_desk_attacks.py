"""An attack by keyboard, in both languages: read, an act asked by one and allowed by another, taken back, and let go early."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import select, update

from services.attacks.act_tables import attack_acts
from services.attacks.carrying import AttackActs
from services.attacks.tables import attacks
from services.cases.hold_tables import account_holds
from tests.browser.chromium import Browser
from tests.browser.desk_rules import WIDE, keeps_the_rules
from tests.browser.desk_served import DeskServed
from tests.services.attacks.attacked import attacked, followed

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]
ENTER, CONTROL = "\ue007", "\ue009"
_DIALOG = "return !!document.querySelector('dialog:modal [type=submit]')"
_UNDO = "return !!document.querySelector('button[data-undo]')"


@pytest.fixture
def desk(tmp_path: Path, migrated_file: Path) -> Iterator[DeskServed]:
    """A desk with one attack under way."""
    with DeskServed(tmp_path, migrated_file) as served:
        now = served.desk.clock()
        served.run(attacked(served.desk.database, now=now))
        served.run(followed(served.desk.database, now))
        yield served


def at_the_attack(browser: Browser, desk: DeskServed, name: str, role: str, language: str = "en") -> None:
    """A new member looks at the attack."""
    browser.screen(WIDE)
    desk.sign_in(browser, role, name, language)
    browser.open(f"{desk.url}/desk/attacks/W-118")


def later(desk: DeskServed) -> None:
    """Half a minute passes, and what was allowed is done."""

    async def carried() -> None:
        inside = desk.desk
        inside.clock.at += 31.0  # type: ignore[attr-defined]
        acts = AttackActs(inside.database, inside.clock, inside.acts.ground)
        while await acts.carry_out():
            pass

    desk.run(carried())


def frozen(desk: DeskServed) -> int:
    """How many accounts are frozen."""

    async def read() -> int:
        query = select(account_holds.c.hold_id).where(account_holds.c.released_at.is_(None))
        async with desk.desk.database.read() as connection:
            return len((await connection.execute(query)).all())

    return desk.run(read())


def states(desk: DeskServed) -> list[str]:
    """How the acts stand."""

    async def read() -> list[str]:
        async with desk.desk.database.read() as connection:
            return list((await connection.execute(select(attack_acts.c.state))).scalars())

    return desk.run(read())


def ask(browser: Browser, key: str = "H") -> None:
    """Ask for an act by its key."""
    browser.press(key)
    browser.until(lambda: browser.script(_DIALOG))
    with browser.another_page():
        browser.press("they can pay" + ENTER)


@pytest.mark.parametrize("language", ["en", "zh-CN"])
def test_money_is_held_by_two_people_and_let_go_by_keyboard(
    browser: Browser, desk: DeskServed, language: str
) -> None:
    at_the_attack(browser, desk, "zhou.lei", "security", language)
    keeps_the_rules(browser, "the page")
    browser.press("H")
    browser.until(lambda: browser.script(_DIALOG))
    keeps_the_rules(browser, "what the act will do")
    with browser.another_page():
        browser.press("they can pay" + ENTER)
    keeps_the_rules(browser, "what one asked for")
    at_the_attack(browser, desk, "li.na", "senior", language)
    keeps_the_rules(browser, "what another asked for")
    with browser.another_page():
        browser.press("Y")
    assert browser.script(_UNDO)
    keeps_the_rules(browser, "what leaves")
    later(desk)
    assert frozen(desk) == 3

    browser.open(f"{desk.url}/desk/attacks/W-118")
    keeps_the_rules(browser, "what is done")
    browser.follow("form[action$='/undo'] button")
    later(desk)

    assert (1, ["undone"]) == (frozen(desk), states(desk))


def test_what_was_allowed_is_taken_back_by_control_z(browser: Browser, desk: DeskServed) -> None:
    at_the_attack(browser, desk, "zhou.lei", "security")
    ask(browser)
    at_the_attack(browser, desk, "li.na", "senior")
    with browser.another_page():
        browser.press("Y")
    with browser.another_page():
        browser.press(CONTROL + "z")
    later(desk)

    assert (1, ["undone"]) == (frozen(desk), states(desk))


def test_one_takes_the_lead_and_writes_a_note_by_keyboard(browser: Browser, desk: DeskServed) -> None:
    at_the_attack(browser, desk, "zhou.lei", "security")
    with browser.another_page():
        browser.press("a")
    browser.press("c")
    browser.until(lambda: browser.script(_DIALOG))
    with browser.another_page():
        browser.press("from a leak" + CONTROL + ENTER)

    browser.until_text("from a leak")


@pytest.mark.parametrize("language", ["en", "zh-CN"])
def test_the_lists_keep_the_rules_full_and_empty(browser: Browser, desk: DeskServed, language: str) -> None:
    at_the_attack(browser, desk, "an.agent", "agent", language)
    keeps_the_rules(browser, "an agent's view")
    browser.open(f"{desk.url}/desk/attacks")
    keeps_the_rules(browser, "the list")
    with browser.another_page():
        browser.press("j" + ENTER)
    assert browser.path == "/desk/attacks/W-118"


def test_the_size_grows_while_one_looks(browser: Browser, desk: DeskServed) -> None:
    at_the_attack(browser, desk, "wang.min", "agent")

    async def grow() -> None:
        async with desk.desk.database.begin() as connection:
            await connection.execute(update(attacks).values(attempts=88_888))

    desk.run(grow())

    browser.until_text("88,888")
