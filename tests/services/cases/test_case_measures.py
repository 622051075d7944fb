"""What is counted of cases: open ones, first answers and breaches, each once however often it is looked."""

from __future__ import annotations

from typing import Any, get_args

from services.cases.case_measures import KINDS, SOON_S, STATES, CaseMeasures
from services.cases.hold_tables import approvals
from services.cases.states import SEVERITIES, Closing
from services.platform.database import Database
from services.platform.metrics import (
    APPROVALS_OLDEST,
    APPROVALS_WAITING,
    CASE_AGES,
    CASE_BREACHES,
    CASE_CLOSING,
    CASE_ENDS,
    CASE_FIRST_ANSWER,
    CASE_VERDICTS,
    CASES,
    CASES_DUE,
    UNCLAIMED_CASES,
)
from tests.services.desk.written_cases import DAY_S, NOW, put, put_case


def told(metric: object, name: str, **labels: str) -> float:
    [family] = metric.collect()  # type: ignore[attr-defined]
    return float(sum(each.value for each in family.samples if each.name == name and each.labels == labels))


async def test_a_breach_and_a_first_answer_are_counted_once(database: Database) -> None:
    await put_case(database, "c-1", first_response_due_at=NOW + 5.0, due_at=NOW + 500.0)
    await put_case(database, "c-2", state="in_review", opened_at=NOW - 60.0, first_answered_at=NOW + 1.0)
    breaches = {"kind": "dispute", "clock": "first_answer"}
    before = told(CASE_BREACHES, "payguard_case_breaches_total", **breaches)
    answers = told(CASE_FIRST_ANSWER, "payguard_case_first_answer_seconds_sum", kind="dispute")
    measures = CaseMeasures(NOW)

    for now in (NOW + 3.0, NOW + 10.0, NOW + 20.0):
        await measures.look(database, now)

    assert told(CASE_BREACHES, "payguard_case_breaches_total", **breaches) == before + 1
    took = told(CASE_FIRST_ANSWER, "payguard_case_first_answer_seconds_sum", kind="dispute")
    assert took == answers + 61.0
    assert told(CASES, "payguard_cases", kind="dispute", state="open") == 1
    assert told(CASES, "payguard_cases", kind="dispute", state="in_review") == 1


def test_every_kind_and_state_of_cases_begins_at_nought() -> None:
    known = {tuple(each.labels.values()) for each in CASES.collect()[0].samples}  # type: ignore[index]

    assert known == {(kind, state) for kind in KINDS for state in STATES}


def unclaimed(severity: str) -> float:
    return told(UNCLAIMED_CASES, "payguard_cases_unclaimed_seconds", severity=severity)


async def test_a_case_waits_to_be_taken_until_somebody_has_it_it_sleeps_or_waits_for_others(
    database: Database,
) -> None:
    await put_case(database, "c-1", severity="critical", opened_at=NOW - 1000.0)
    await put_case(database, "c-2", severity="critical", opened_at=NOW - 5000.0, assignee="lin")
    await put_case(database, "c-3", severity="critical", opened_at=NOW - 6000.0, snoozed_until=NOW + 60.0)
    await put_case(database, "c-4", severity="critical", opened_at=NOW - 7000.0, waiting_for="user")
    await put_case(database, "c-5", severity="low", opened_at=NOW - 9000.0, snoozed_until=NOW - 10.0)

    await CaseMeasures(NOW).look(database, NOW)

    assert {each: unclaimed(each) for each in SEVERITIES} == {
        "low": 10.0,
        "medium": 0.0,
        "high": 0.0,
        "critical": 1000.0,
    }


async def test_a_breach_is_foreseen_for_four_hours(database: Database) -> None:
    await put_case(database, "c-1", next_due_at=NOW + SOON_S - 1.0)
    await put_case(database, "c-2", next_due_at=NOW + SOON_S + 1.0)
    await put_case(database, "c-3", next_due_at=NOW - 1.0)
    await put_case(database, "c-4", next_due_at=NOW + 60.0, waiting_for="user")

    await CaseMeasures(NOW).look(database, NOW)

    assert told(CASES_DUE, "payguard_cases_due_4h") == 1


async def test_open_cases_are_told_by_how_old_they_are(database: Database) -> None:
    await put_case(database, "c-1", opened_at=NOW - 60.0)
    await put_case(database, "c-2", opened_at=NOW - 8 * DAY_S, state="in_review")
    await put_case(
        database, "c-3", opened_at=NOW - 8 * DAY_S, state="resolved", verdict="settled", resolved_at=NOW
    )

    await CaseMeasures(NOW).look(database, NOW + 1.0)

    ages = ("under_1_day", "1_to_3_days", "3_to_7_days", "7_to_30_days", "over_30_days")
    found = [told(CASE_AGES, "payguard_case_ages", kind="dispute", age=age) for age in ages]
    assert found == [1, 0, 0, 1, 0]


async def test_a_case_that_was_closed_is_counted_once_with_its_verdict_and_its_time(
    database: Database,
) -> None:
    ended = {"kind": "dispute", "verdict": "settled"}
    before = told(CASE_VERDICTS, "payguard_case_verdicts_total", **ended)
    took = told(CASE_CLOSING, "payguard_case_closing_seconds_sum", kind="dispute")
    at = NOW + 2.0
    await put_case(database, "c-1", opened_at=NOW - 98.0, state="resolved", verdict="settled", resolved_at=at)
    measures = CaseMeasures(NOW)

    for now in (NOW + 1.0, NOW + 5.0, NOW + 9.0):
        await measures.look(database, now)

    assert told(CASE_VERDICTS, "payguard_case_verdicts_total", **ended) == before + 1
    assert told(CASE_CLOSING, "payguard_case_closing_seconds_sum", kind="dispute") == took + 100.0


async def test_acts_wait_for_a_second_person_until_they_are_decided_or_lapse(database: Database) -> None:
    asked = {"act": "unfreeze", "account_id": "li", "asked_by": "staff:a", "why": "it is the owner"}
    waits: list[dict[str, Any]] = [
        {"asked_at": NOW - 90.0, "expires_at": NOW + 900.0},
        {"asked_at": NOW - 900.0, "expires_at": NOW - 1.0},
        {"asked_at": NOW - 800.0, "expires_at": NOW + 900.0, "decision": "approved"},
    ]
    waits[-1] |= {"decided_by": "staff:b", "decided_at": NOW}
    for number, more in enumerate(waits):
        await put(database, approvals, approval_id=f"a-{number}", subject=f"s-{number}", **asked, **more)

    await CaseMeasures(NOW).look(database, NOW + 10.0)

    assert (APPROVALS_WAITING._value.get(), APPROVALS_OLDEST._value.get()) == (1, 100.0)


def test_every_way_a_case_may_end_is_known_to_the_metric() -> None:
    ways = {each for group in get_args(Closing) for each in (get_args(group) or (group,))}

    assert {verdict for verdicts in CASE_ENDS.values() for verdict in verdicts} == ways
