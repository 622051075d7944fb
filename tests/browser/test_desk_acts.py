"""Acts by keyboard, in both languages: a payment let go, a freeze that two people end, an undo, and a case that moved on."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import select

from contracts.decisions import AnyEffect
from services.cases.hold_tables import account_holds, held_payments
from services.cases.repository import keep
from tests.browser.chromium import Browser
from tests.browser.desk_rules import WIDE, keeps_the_rules
from tests.browser.desk_served import DeskServed
from tests.services.cases.acts_world import CASE
from tests.services.cases.decided import alert, freeze, hold, no_challenges, open_case, recorded

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]
ENTER, CONTROL = "\ue007", "\ue009"
#: One act of each form that there is.
_FORMS = (
    "let_go",
    "fraud",
    "ask_unfreeze",
    "end_sessions",
    "message",
    "note",
    "snooze",
    "wait",
    "assign",
    "merge",
)
_UNDO = "return !!document.querySelector('button[data-undo]')"


@pytest.fixture
def desk(tmp_path: Path, migrated_file: Path) -> Iterator[DeskServed]:
    """A desk with nothing in its queue."""
    with DeskServed(tmp_path, migrated_file) as served:
        yield served


def trouble(desk: DeskServed, *more: AnyEffect, event_id: str = "e1") -> None:
    """A decision that opens, or joins, the account's case."""
    effects = (alert(event_id), open_case(event_id), *more)

    async def kept() -> None:
        record = recorded(event_id, effects=effects, at=desk.desk.clock())
        async with desk.desk.database.begin() as connection:
            await keep(connection, [record], no_challenges)

    desk.run(kept())


def at_the_case(browser: Browser, desk: DeskServed, name: str, language: str = "en") -> None:
    """A new agent looks at the case."""
    browser.screen(WIDE)
    desk.sign_in(browser, "agent", name, language)
    browser.open(f"{desk.url}/desk/cases/{CASE}")


def bring(browser: Browser, *keys: str) -> None:
    """Press the keys, and wait for the dialog that they bring."""
    browser.press(*keys)
    browser.until(lambda: browser.script("return !!document.querySelector('dialog:modal [type=submit]')"))


def held_states(desk: DeskServed) -> list[str]:
    """What became of the payments that were held."""

    async def read() -> list[str]:
        async with desk.desk.database.read() as connection:
            return list((await connection.execute(select(held_payments.c.state))).scalars())

    return desk.run(read())


def frozen(desk: DeskServed) -> bool:
    """Whether a freeze stands."""

    async def read() -> bool:
        query = select(account_holds.c.hold_id).where(account_holds.c.released_at.is_(None))
        async with desk.desk.database.read() as connection:
            return (await connection.execute(query)).first() is not None

    return desk.run(read())


@pytest.mark.parametrize("language", ["en", "zh-CN"])
def test_a_held_payment_is_let_go_by_keyboard(browser: Browser, desk: DeskServed, language: str) -> None:
    trouble(desk, hold("e1"))
    at_the_case(browser, desk, "mei", language)

    bring(browser, "p")
    keeps_the_rules(browser, "let_go as a dialog")
    browser.press(ENTER)
    browser.until(lambda: browser.script(_UNDO))
    keeps_the_rules(browser, "toast")
    desk.later()

    assert held_states(desk) == ["released"]


def test_what_was_done_is_taken_back_by_control_z(browser: Browser, desk: DeskServed) -> None:
    trouble(desk, hold("e1"))
    at_the_case(browser, desk, "mei")

    bring(browser, "v", "f")
    browser.press(ENTER)
    browser.until(lambda: browser.script(_UNDO))
    with browser.another_page():
        browser.press(CONTROL + "z")
    desk.later()

    assert not browser.script(_UNDO)
    assert held_states(desk) == ["held"]


@pytest.mark.parametrize("language", ["en", "zh-CN"])
def test_a_freeze_is_asked_to_end_by_one_and_ended_by_another(
    browser: Browser, desk: DeskServed, language: str
) -> None:
    trouble(desk, freeze("e1"))
    at_the_case(browser, desk, "mei", language)
    bring(browser, "U")
    browser.press(*"she rang", ENTER)
    browser.until(lambda: browser.script(_UNDO))
    desk.later()

    desk.sign_in(browser, "agent", "bo", language)
    browser.open(f"{desk.url}/desk/approvals")
    keeps_the_rules(browser, "approvals")
    assert frozen(desk)
    with browser.another_page():
        browser.press("Y")

    assert not frozen(desk)
    keeps_the_rules(browser, "approved")


def test_a_case_that_moved_on_keeps_the_draft(browser: Browser, desk: DeskServed) -> None:
    trouble(desk)
    at_the_case(browser, desk, "mei")
    browser.open(f"{desk.url}/desk/cases/{CASE}/acts/escalate")
    trouble(desk, event_id="e2")
    browser.until(lambda: browser.focused == "why")
    browser.press(*"over my head", ENTER)
    browser.until_text("Nothing was done. Your draft is kept.")
    keeps_the_rules(browser, "conflict")

    browser.script("document.activeElement.blur()")
    browser.press("D")
    browser.until_text("an event joined")

    assert browser.script("return document.querySelector('#why').value") == "over my head"
    assert all("409" in each for each in browser.complaints())


@pytest.mark.parametrize("language", ["en", "zh-CN"])
def test_every_form_of_an_act_keeps_the_rules(browser: Browser, desk: DeskServed, language: str) -> None:
    trouble(desk, hold("e1"), freeze("e1"))
    desk.sign_in(browser, "agent", "mei", language)
    for act in _FORMS:
        browser.open(f"{desk.url}/desk/cases/{CASE}/acts/{act}")
        keeps_the_rules(browser, act)
    assert language == browser.script("return document.documentElement.lang")
