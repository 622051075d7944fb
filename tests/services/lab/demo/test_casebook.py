"""The demonstration's desk: a sign-in that works, and a queue with every kind of case in both languages, some of it in hand."""

from __future__ import annotations

from collections import Counter

import pytest
from sqlalchemy import select

from contracts.report_kinds import REPORTS
from services.bootstrap.desk import staff_of
from services.cases.queue import active
from services.cases.tables import cases
from services.lab.demo.agents import hire
from services.lab.demo.casebook import casebook, fill_queue, owners_of
from services.lab.demo.demo import PEOPLE
from services.lab.people.personas import person
from services.platform.database import Database
from services.platform.keyring import new_key
from services.platform.settings import Settings
from services.reports.fields import checked_answers
from services.staff.sessions import Seen
from tests.services.cases.databases import database, database_url, migrated_file  # noqa: F401  found here by the tests

NOW = 1_800_000_000.0
CROWD = [person(7, number) for number in range(PEOPLE)]
SETTINGS = Settings(factor_key=new_key(), portal_url="https://pay.example")


def test_every_kind_is_reported_at_least_twice_in_both_languages_by_different_people() -> None:
    found = list(owners_of(CROWD[12:-1]))
    kinds = Counter((told.kind, locale) for told, locale, _ in found)

    assert len(found) >= 40
    assert len({who.account_id for _, _, who in found}) == len(found)
    assert min(kinds[rule.name, locale] for rule in REPORTS for locale in ("en", "zh-CN")) >= 2


@pytest.mark.parametrize("told", casebook(), ids=lambda told: f"{told.kind}-{told.left_min}")
def test_what_is_reported_answers_what_its_kind_asks(told: object) -> None:
    assert checked_answers(told.kind, told.answers) == dict(told.answers)  # type: ignore[attr-defined]


async def test_the_queue_has_deadlines_near_and_far_and_some_is_taken_waits_sleeps_or_went_up(
    database: Database,  # noqa: F811
) -> None:
    await fill_queue(SETTINGS, database, CROWD[12:], NOW)
    async with database.read() as connection:
        rows = (await connection.execute(select(cases))).mappings().all()
        free = (await connection.execute(select(cases).where(active(NOW)))).mappings().all()
    due = sorted(row["first_response_due_at"] - NOW for row in rows if row["assignee"] is None)

    assert len(rows) >= 40
    assert 0.0 < due[0] < 900.0
    assert len([each for each in due if each < 3600.0]) >= 8
    assert {row["waiting_for"] for row in rows} == {None, "other_side", "channel"}
    assert len([row for row in rows if row["snoozed_until"]]) == 2
    assert len([row for row in rows if row["escalated_at"]]) == 2
    assert len(free) >= 30
    assert {row["at_stake"] for row in rows if row["kind"] == "top_up_missing"} == {"500.00"}
    assert {row["at_stake"] for row in rows if row["kind"] == "payment_failed"} == {"1800.00"}


async def test_the_sign_in_that_is_shown_lets_the_visitor_in_as_somebody_who_may_approve(
    database: Database,  # noqa: F811
) -> None:
    agent = await hire(SETTINGS, database)
    staff = staff_of(SETTINGS, database, lambda: NOW)
    seen = Seen(address="127.0.0.1", browser="test")
    done = await staff.sign_in.enter(agent.name, agent.password, agent.code(NOW), seen)

    assert done.member.role == "senior"
    assert agent.url == "https://pay.example/desk"
    assert agent.password not in repr(agent)
    assert agent.secret not in repr(agent)
