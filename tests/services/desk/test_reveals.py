"""Showing what is masked: for a minute, with a reason, recorded and counted."""

from __future__ import annotations

from sqlalchemy import insert, select

from services.audit.tables import audit
from services.desk import reveals
from services.desk.reveal_tables import reveals as table
from services.platform.database import Database
from services.platform.metrics import REGISTRY
from services.staff.members import made

NOW = 1_790_000_000.0
MEMBER = made("wang.min", "agent", locale="en", time_zone="UTC")


async def _reveal(database: Database, field: str = "mail", now: float = NOW) -> None:
    async with database.begin() as connection:
        await reveals.reveal(connection, MEMBER, "li", "case", field, "call_back", now)


async def _before(database: Database, days: int, a_day: int, actor: str = MEMBER.actor) -> None:
    """So many reveals on each of so many days before."""
    rows = [
        {
            "reveal_id": f"{actor[-4:]}-{day}-{each}", "at": NOW - day * 86_400.0 - each - 1.0, "until": NOW - day * 86_400.0,
            "actor": actor, "role": "agent", "account_id": "li", "case_id": "case", "field": "mail", "why": "call_back",
        }
        for day in range(1, days + 1)
        for each in range(a_day)
    ]  # fmt: skip
    async with database.begin() as connection:
        await connection.execute(insert(table), rows)


def _unusual() -> float:
    return REGISTRY.get_sample_value("payguard_unusual_reveals_total") or 0.0


async def test_what_is_revealed_is_in_clear_for_a_minute_for_who_asked(database: Database) -> None:
    await _reveal(database)

    async with database.read() as connection:
        shown = [
            await reveals.shown_now(connection, actor, case_id, at)
            for actor, case_id, at in (
                (MEMBER.actor, "case", NOW + 59.0),
                (MEMBER.actor, "case", NOW + 60.0),
                (MEMBER.actor, "other", NOW + 1.0),
                ("staff:li.na", "case", NOW + 1.0),
            )
        ]
        noted = (await connection.execute(select(audit.c.action, audit.c.actor))).all()
    assert [{"mail": NOW + 60.0}, {}, {}, {}] == shown
    assert [("reveal", MEMBER.actor)] == [tuple(each) for each in noted]


async def test_more_than_three_times_a_persons_usual_is_told(database: Database) -> None:
    await _before(database, days=5, a_day=4)
    told = _unusual()

    for each in range(12):
        await _reveal(database, now=NOW + each)
    assert told == _unusual()
    await _reveal(database, now=NOW + 12)

    assert told + 1 == _unusual()
    async with database.read() as connection:
        [person] = await reveals.people(connection, NOW + 13)
        noted = (await connection.execute(select(audit.c.action))).scalars().all()
    assert (13, 4.0, True) == (person.count.today, person.count.usual, person.count.unusual)
    assert 1 == noted.count("unusual_reveals")


async def test_a_new_person_is_given_a_few_before_it_is_unusual(database: Database) -> None:
    told = _unusual()

    for each in range(9):
        await _reveal(database, now=NOW + each)

    assert told == _unusual()


async def test_people_are_counted_by_themselves_who_saw_most_first(database: Database) -> None:
    await _before(database, days=2, a_day=3)
    await _before(database, days=1, a_day=1, actor="staff:li.na")
    await _reveal(database)

    async with database.read() as connection:
        found = await reveals.people(connection, NOW + 1)
    assert [(MEMBER.actor, 1, 3.0), ("staff:li.na", 0, 1.0)] == [
        (each.actor, each.count.today, each.count.usual) for each in found
    ]
