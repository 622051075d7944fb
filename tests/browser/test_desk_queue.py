"""The queue as an agent works it: without a mouse, in both languages, and without scripts; every state keeps the rules."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from msgspec.structs import replace

from services.cases import queue_states, states
from tests.browser.chromium import Browser
from tests.browser.desk_rules import WIDE, keeps_the_rules
from tests.browser.desk_served import DeskServed
from tests.services.cases.queued import put, report, risk

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]
ENTER, ESCAPE, CONTROL = "\ue007", "\ue00c", "\ue009"
_MINE = """
const holders = [...document.querySelectorAll(".rows td:last-child")].map((each) => each.textContent.trim());
return holders.filter((each) => each === "you" || each === "您").length;
"""
_MINUTE_S, _HOUR_S, _DAY_S = 60.0, 3600.0, 86_400.0


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory, migrated_file: Path) -> Iterator[DeskServed]:
    """A desk with nothing in its queue."""
    with DeskServed(tmp_path_factory.mktemp("desk"), migrated_file) as served:
        yield served


def fill(desk: DeskServed, name: str) -> None:
    """A queue with something of every urgency; ids begin with `name`, accounts are its own."""
    now = desk.desk.clock()

    def case(
        number: int, made: states.Case, opened_s: float, left_s: float, stake: str | None = None
    ) -> states.Case:
        case_id = f"{name}{number:02d}".encode().hex().ljust(32, "0")[:32]
        return replace(
            made,
            case_id=case_id,
            account_id=f"acct-{name}{number:02d}7215",
            opened_at=now - opened_s,
            changed_at=now - opened_s,
            next_due_at=now + left_s,
            due_at=None if made.kind == "risk" else now + left_s + _DAY_S,
            **{"decide_by" if made.kind == "risk" else "first_response_due_at": now + left_s},
            at_stake=stake,
            stake_currency=None if stake is None else "CNY",
        )

    def unlike(kind: str, ago_s: float = 60.0) -> states.Case:
        return report("c", kind=kind, ago_s=ago_s)  # type: ignore[arg-type]

    held = replace(risk("c", severity="high"), state="in_review", assignee="li.na")
    cases = [
        case(1, unlike("unauthorised"), 70 * _MINUTE_S, 6 * _MINUTE_S, "6420.00"),
        case(2, risk("c", severity="critical"), 4 * _MINUTE_S, 11 * _MINUTE_S, "18000.00"),
        case(3, unlike("dispute"), 9 * _HOUR_S, 13 * _MINUTE_S, "1299.00"),
        case(4, risk("c"), 40 * _MINUTE_S, 22 * _MINUTE_S, "2310.55"),
        case(5, held, 36 * _MINUTE_S, 24 * _MINUTE_S, "41200.00"),
        case(6, unlike("top_up_missing"), 130 * _MINUTE_S, 31 * _MINUTE_S, "2000.00"),
        case(7, unlike("payment_failed"), 50 * _MINUTE_S, 44 * _MINUTE_S, "349.00"),
        case(8, unlike("lost_device"), 30 * _MINUTE_S, 52 * _MINUTE_S),
        case(9, unlike("password_reset"), _HOUR_S, 72 * _MINUTE_S),
        case(10, unlike("advice"), _HOUR_S, 3 * _DAY_S),
        queue_states.waiting(case(11, unlike("dispute"), _DAY_S, 4 * _DAY_S, "3450.00"), "other_side", now),
        queue_states.snoozed(case(12, unlike("advice"), _DAY_S, 5 * _DAY_S), now + _DAY_S, now),
    ]
    desk.run(put(desk.desk.database, *cases))


def held_by_me(browser: Browser) -> int:
    """How many of the rows that are shown say that the reader has them."""
    return int(browser.script(_MINE))


@pytest.mark.parametrize("language", ["en", "zh-CN"])
def test_the_queue_is_worked_without_a_mouse(browser: Browser, desk: DeskServed, language: str) -> None:
    short = language[:2]
    fill(desk, short)
    desk.sign_in(browser, "agent", f"wang.{short}", language)
    browser.screen(WIDE)
    browser.open(f"{desk.url}/desk")
    keeps_the_rules(browser, f"queue-{short}")

    # Down two rows, pick them, take them, take that back.
    browser.press("j", "j", "x", "j", "x")
    browser.until(lambda: browser.script("return document.querySelectorAll('.rows :checked').length") == 2)
    keeps_the_rules(browser, f"queue-picked-{short}")
    with browser.another_page():
        browser.press("a")
    browser.until(lambda: "0:2" in browser.text)
    keeps_the_rules(browser, f"queue-toast-{short}")
    assert held_by_me(browser) == 2
    with browser.another_page():
        browser.driver.switch_to.active_element.send_keys(CONTROL + "z")
    assert held_by_me(browser) == 0

    # Snooze the row one is at: the page says what will happen, then does it.
    browser.press("j")
    with browser.another_page():
        browser.press("s")
    keeps_the_rules(browser, f"queue-snooze-{short}")
    browser.find("#why").send_keys("bank opens at nine")
    with browser.another_page():
        browser.press(ENTER)
    browser.until(lambda: "0:2" in browser.text)


@pytest.mark.parametrize("language", ["en", "zh-CN"])
def test_the_next_case_is_mine_by_one_key(browser: Browser, desk: DeskServed, language: str) -> None:
    fill(desk, f"n{language[:1]}")
    me = desk.sign_in(browser, "agent", f"mei.{language[:2]}", language)
    browser.screen(WIDE)
    browser.open(f"{desk.url}/desk")
    browser.press("f")
    browser.until(lambda: bool(browser.script("return document.activeElement.localName === 'select'")))
    keeps_the_rules(browser, f"queue-filter-{language[:2]}")
    browser.press(ESCAPE)
    browser.open(f"{desk.url}/desk")
    browser.press("n")
    browser.until(lambda: "/desk/cases/" in browser.driver.current_url)
    case_id = browser.driver.current_url.rpartition("/")[2]
    taken = desk.run(desk.desk.cases.case(case_id))
    assert taken is not None
    assert taken[0].assignee == me.name
    assert all("/desk/cases/" in each for each in browser.complaints())


@pytest.mark.parametrize("language", ["en", "zh-CN"])
def test_what_was_read_out_is_found_by_keyboard(browser: Browser, desk: DeskServed, language: str) -> None:
    fill(desk, f"f{language[:1]}")
    desk.sign_in(browser, "auditor", f"shen.{language[:2]}", language)
    browser.screen(WIDE)
    browser.open(f"{desk.url}/desk?view=breaching&kind=lost_device")
    keeps_the_rules(browser, f"queue-empty-{language[:2]}")
    browser.press("/")
    browser.until(lambda: bool(browser.script("return document.activeElement.name === 'q'")))
    browser.driver.switch_to.active_element.send_keys(f"acct-f{language[:1]}017215")
    with browser.another_page():
        browser.press(ENTER)
    keeps_the_rules(browser, f"search-{language[:2]}")

    assert browser.script("return document.querySelectorAll('mark').length") > 0


def test_counts_change_by_themselves(browser: Browser, desk: DeskServed) -> None:
    desk.sign_in(browser, "senior", "ren")
    browser.screen(WIDE)
    browser.open(f"{desk.url}/desk?view=mine")
    read = "return Number(document.querySelector('[data-live=\"view.open\"]').textContent)"
    before = browser.script(read)
    fill(desk, "live")
    browser.until(lambda: browser.script(read) == before + 12)

    assert not browser.script("return document.querySelector('[data-live-since]').hidden")


def test_without_scripts_everything_works(browser: Browser, desk: DeskServed) -> None:
    fill(desk, "still")
    me = desk.sign_in(browser, "agent", "jo")
    browser.command("Emulation.setScriptExecutionDisabled", value=True)
    browser.screen(WIDE)
    browser.open(f"{desk.url}/desk?q=acct-still017215")
    browser.find(".rows input[type=checkbox]").click()
    browser.follow("button[value=take]")
    browser.follow("[data-undo]")
    browser.open(f"{desk.url}/desk")
    browser.follow("button[data-key=n]")

    case_id = browser.driver.current_url.rpartition("/")[2]
    taken = desk.run(desk.desk.cases.case(case_id))
    assert taken is not None
    assert taken[0].assignee == me.name
    assert all("/desk/cases/" in each for each in browser.complaints())
