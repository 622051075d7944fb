"""The figures of the report and of today, counted by hand, on both databases; and CSV that nobody's words turn into a formula."""

from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.cases.answer_tables import answer_links
from services.cases.hold_tables import account_holds, held_payments, owner_words
from services.cases.message_tables import messages
from services.cases.tables import alerts, notices
from services.desk.charts import Bar, Line, Said, bars, columns, fitted, lines
from services.desk.pack_words import pack_words
from services.desk.report import Reports, csv_of, rows_of, rows_of_year, safe
from services.desk.today import Todays, rows_of_today
from services.desk.today_figures import nearest
from services.desk.today_view import panels_of
from services.desk.today_writer import Writer
from services.platform.database import Database
from services.platform.progress import Consumers
from services.portal.wording import LOCALES
from services.wallet.tables import wallet_actions
from tests.services.desk.written_cases import (
    DAY_S,
    HOUR_S,
    NOW,
    Clock,
    put,
    put_case,
    put_decision,
    put_entry,
)


@pytest.fixture
async def worked(database: Database) -> Database:
    """Ten disputes that took 1 to 10 hours, one late; a risk case called fraud; one open and one opened again."""
    for hours in range(1, 11):
        await put_case(
            database, f"d-{hours}", opened_at=NOW - DAY_S, first_answered_at=NOW - DAY_S + hours * HOUR_S,
            first_response_due_at=NOW - DAY_S + 9.5 * HOUR_S, due_at=NOW, state="resolved",
            verdict="for_owner" if hours > 3 else "settled", resolved_at=NOW - DAY_S + hours * HOUR_S,
            assignee="wang.min",
        )  # fmt: skip
    await put_case(
        database, "r-1", kind="risk", opened_at=NOW - 5 * HOUR_S, state="resolved", verdict="fraud",
        resolved_at=NOW - HOUR_S, assignee="=li.na",
    )  # fmt: skip
    await put_decision(database, "pay-9", "of-r-1")
    await put_entry(database, "r-1", "opened", NOW - 5 * HOUR_S, event_id="pay-9")
    await put_case(
        database, "o-1", opened_at=NOW - 4 * DAY_S, due_at=NOW - HOUR_S, next_due_at=NOW - HOUR_S,
        assignee="wang.min",
    )  # fmt: skip
    await put_entry(database, "o-1", "reopened", NOW - HOUR_S, actor="key:desk")
    return database


async def test_a_report_says_how_much_how_fast_how_late_and_how_it_ended(worked: Database) -> None:
    report = await Reports(worked, lambda: NOW).of(NOW - 2 * DAY_S, NOW, loads=True)
    dispute, risk = report.kinds

    assert (dispute.kind, dispute.opened, dispute.late_first, dispute.late_closed) == ("dispute", 10, 1, 0)
    assert dispute.first_answer.count == 10
    assert (dispute.closing.median_s, dispute.closing.p90_s) == (5 * HOUR_S, 9 * HOUR_S)
    assert dispute.ended == {"for_owner": 7, "settled": 3}
    assert (dispute.again, dispute.backlog) == (1, {"3_to_7_days": 1})
    assert (risk.opened, risk.ended) == (1, {"fraud": 1})
    assert [(each.detector, each.fraud, each.support) for each in report.detectors] == [("new_payee", 1, 1.0)]
    assert [(each.person, each.holds, each.closing.count) for each in report.loads] == [
        ("wang.min", 1, 10),
        ("=li.na", 0, 1),
    ]


async def test_a_year_of_complaints_is_those_that_owners_made(worked: Database) -> None:
    year = await Reports(worked, lambda: NOW).year(2026)

    assert (year.made, year.closed, year.share_closed) == (11, {"dispute": 10}, 10 / 11)
    assert [each.kind for each in year.kinds] == ["dispute"]
    assert ("complaints", "dispute", "closing_median_s", 5 * HOUR_S) in list(rows_of_year(year))


async def test_the_csv_of_a_report_holds_no_cell_that_a_spreadsheet_acts_on(worked: Database) -> None:
    report = await Reports(worked, lambda: NOW).of(NOW - 2 * DAY_S, NOW, loads=True)
    text = csv_of(rows_of(report)).decode("utf-8-sig")
    cells = [cell for row in csv.reader(io.StringIO(text)) for cell in row]

    assert "'=li.na" in cells
    assert not [cell for cell in cells if cell.startswith(("=", "+", "-", "@", "\t", "\r"))]


@given(st.text(max_size=20))
def test_no_text_is_a_formula_and_none_is_lost(said: str) -> None:
    shown = safe(said)

    assert not shown.startswith(("=", "+", "-", "@", "\t", "\r"))
    assert shown.removeprefix("'") == said or shown == said


@pytest.fixture
async def busy(worked: Database) -> Database:
    """An hour with thirty alerts; a letter that came in 3 s and one that reached nobody; a freeze that took 0.8 s."""
    for number in range(30):
        event = f"e-{number}"
        await put_decision(worked, event, "li")
        await put(
            worked, alerts, effect_id=event, event_id=event, account_id="li", severity="high",
            raised_at=NOW - 60.0 - number,
        )  # fmt: skip
    await _letters(worked)
    await _stopped(worked)
    return worked


async def _letters(worked: Database) -> None:
    for number, state in ((1, "delivered"), (2, "undeliverable")):
        await put(
            worked, notices, notice_id=f"n-{number}", event_id="e-1", account_id="li", template="login_notice",
            recorded_at=NOW - 100.0, state=state, next_at=NOW, ended_at=NOW - 90.0,
        )  # fmt: skip
    await put(
        worked, messages, message_id="m-1", notice_id="n-1", account_id="li", channel="sms", address_key="a",
        message_class="critical", template="login_notice", locale="en", time_zone="UTC", state="delivered",
        planned_at=NOW - 100.0, next_at=NOW, delivered_at=NOW - 97.0,
    )  # fmt: skip


async def _stopped(worked: Database) -> None:
    told = {"account_id": "of-r-1", "event_id": "word-1"}
    await put(
        worked, owner_words, **told, about_event_id="pay-9", verdict="not_me", told_at=NOW - 2 * HOUR_S,
        told_by="page",
    )  # fmt: skip
    await put(
        worked, answer_links, link_hash="h", account_id="of-r-1", notice_id="n-1", event_id="pay-9",
        expires_at=NOW, answered_at=NOW - 2 * HOUR_S, answer="not_me", proof="link", report_id="word-1",
    )  # fmt: skip
    await put(worked, account_holds, hold_id="f-1", **told, placed_at=NOW - 2 * HOUR_S, placed_by="owner")
    at = NOW - 2 * HOUR_S
    await put(
        worked, wallet_actions, action_id="f-1", kind="freeze", **told, at=at, published_at=at, result="done",
        result_at=at + 0.8,
    )  # fmt: skip
    await put(
        worked,
        wallet_actions,
        action_id="f-2",
        kind="revoke_sessions",
        **told,
        at=at,
        published_at=NOW - 41.0,
    )
    await put(
        worked, held_payments, **told, effect_id="h-1", amount="18000.00", currency="CNY", state="held",
        placed_at=NOW, due_at=NOW + DAY_S,
    )  # fmt: skip


async def test_today_answers_four_questions_from_what_sql_knows(busy: Database) -> None:
    today = await Todays(busy, Clock(), Consumers()).of(1)

    assert (today.attack.last_hour, today.attack.accounts, today.attack.fraud) == (30, 1, 1)
    assert sum(today.attack.slots) == 30
    assert today.attack.slots[-1] == 30
    assert {name: str(each) for name, each in today.attack.held.items()} == {"CNY": "18000.00"}
    heard = today.heard
    assert (heard.sent, heard.unreachable, heard.median_s) == (1, 1, 3.0)
    assert (heard.answers, heard.not_me, heard.right) == (1, 1, 1)
    assert heard.stop_p95_s == pytest.approx(0.8, abs=0.001)
    keeping = today.keeping
    assert (keeping.open, keeping.breached, keeping.unassigned, keeping.approvals) == (1, 1, 0, 0)
    assert (today.wallet.waiting, today.wallet.oldest_s) == (1, 41.0)
    assert [each.support for each in keeping.detectors] == [1.0]
    assert ("heard", "stop", "median_s", heard.stop_median_s) in list(rows_of_today(today))


@pytest.mark.parametrize("locale", LOCALES)
async def test_each_answer_of_today_has_its_own_tone_and_charts_that_say_what_they_show(
    busy: Database, locale: str
) -> None:
    today = await Todays(busy, Clock(), Consumers()).of(1)
    writer = Writer(pack_words(locale), lambda at: f"{at:.0f}", lambda at: f"{at:.0f}")
    panels = panels_of(today, writer, "https://wiki.example/runbooks")

    assert panels[-1].to == "https://wiki.example/runbooks/freeze-unacknowledged.md"
    assert panels_of(today, writer)[-1].to == ""
    assert [(each.name, each.tone) for each in panels] == [
        ("attack", "bad"),
        ("heard", "bad"),
        ("keeping", "bad"),
        ("machine", "warn"),
    ]
    assert all(len(each.figures) == 4 and len(each.charts) == 2 for each in panels)
    for chart in (each for panel in panels for each in panel.charts):
        assert (chart.svg is None) == bool(chart.empty)
        assert chart.svg is None or (
            "<title" in chart.svg and "<desc" in chart.svg and "style=" not in chart.svg
        )


def test_a_chart_shows_words_of_strangers_as_words() -> None:
    said = Said("x y", "<b>t</b>", "d & e")

    for svg in (
        bars(said, [Bar("<i>", 3, "3")]),
        columns(said, [0, 2, 5], [(0, "a")], [2]),
        lines(said, [Line("<i>", [None, 1.0, 2.0, None, 3.0]), Line("k", [3.0, 3.0])], [(0, "a")], " s"),
    ):
        assert "<b>" not in svg
        assert "<i>" not in svg
        assert 'id="t-x-y"' in svg


@given(st.lists(st.floats(0, 1e9), min_size=1, max_size=50), st.sampled_from([0.5, 0.9, 0.95]))
def test_the_nearest_rank_is_one_of_the_values_and_so_many_do_not_pass_it(
    values: list[float], part: float
) -> None:
    found = nearest(values, part)

    assert found in values
    assert found is not None
    assert sum(each <= found for each in values) >= part * len(values)


def test_a_name_is_cut_before_it_runs_into_its_bar() -> None:
    assert fitted("new_device", 150) == "new_device"
    assert fitted("credential_change_then_money", 150) == "credential_change_then…"
    assert fitted("非本人操作", 150) == "非本人操作"
    assert len(fitted("非本人操作" * 4, 150)) == 12
