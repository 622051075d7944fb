"""Incidents in SQL: one message of what belongs together, the same whoever writes it and however often."""

from __future__ import annotations

import asyncio
import contextlib
from typing import Any

import pytest
from msgspec import structs
from sqlalchemy import select

from contracts.decisions import AnyEffect, derived_id
from contracts.errors import Unavailable
from contracts.events import UserReport
from services.cases.incident_rows import JOINED, hand_over
from services.cases.incidents import WINDOW_S
from services.cases.owner_tables import incidents
from services.cases.owner_words import Following, say
from services.cases.repository import Recorded, keep
from services.cases.tables import notices
from services.platform.database import Database
from tests.services.cases.decided import challenge, hold, no_challenges, notify, recorded

T0 = 1_790_000_000.0


def found(
    event_id: str, template: str = "login_notice", after_s: float = 0.0, *more: AnyEffect, **changes: Any
) -> Recorded:
    effects = (notify(event_id, template), *more)
    return recorded(event_id, effects=effects, at=T0 + after_s, **changes)


def held(event_id: str, after_s: float) -> Recorded:
    return found(event_id, "hold_notice", after_s, hold(event_id), type="transaction")


async def carry_out(database: Database, *records: Recorded) -> None:
    async with database.begin() as connection:
        await keep(connection, records, no_challenges)


async def states(database: Database) -> dict[str, str]:
    """What became of each notice, by its event; summaries by their template."""
    async with database.read() as connection:
        rows = (await connection.execute(select(notices))).all()
    return {row.template if row.template == "digest" else row.event_id: row.state for row in rows}


async def kept(database: Database) -> list[Any]:
    async with database.read() as connection:
        return list((await connection.execute(select(incidents).order_by(incidents.c.opened_at))).all())


async def test_findings_of_half_an_hour_are_one_message_and_the_log_says_why(database: Database) -> None:
    await carry_out(database, found("e1"), found("e2", after_s=60.0), found("e3", "deny_notice", 90.0))
    await carry_out(database, found("e4", "hold_notice", 120.0), found("e5", after_s=WINDOW_S))

    assert await states(database) == {
        "e1": "waiting", "e2": "suppressed", "e3": "waiting", "e4": "suppressed", "e5": "waiting",
    }  # fmt: skip
    first, second = await kept(database)
    assert (first.severity, first.closed_at, second.closed_at) == ("critical", T0 + WINDOW_S, None)
    async with database.read() as connection:
        query = select(notices.c.last_error, notices.c.incident_id).where(notices.c.event_id == "e2")
        assert (await connection.execute(query)).one() == (JOINED, first.incident_id)


async def test_a_second_payment_that_waits_stands_in_the_incidents_summary(database: Database) -> None:
    await carry_out(database, held("e1", 0.0), held("e2", 60.0))
    await carry_out(database, held("e3", 120.0))

    assert await states(database) == {
        "e1": "waiting", "e2": "digested", "e3": "digested", "digest": "waiting",
    }  # fmt: skip
    async with database.read() as connection:
        due = select(notices.c.next_at).where(notices.c.template == "digest")
        assert (await connection.execute(due)).scalars().all() == [T0 + WINDOW_S]


async def test_changes_of_the_account_are_told_each(database: Database) -> None:
    changes = [found(f"e{number}", "change_notice", number, type="account_change") for number in range(3)]
    await carry_out(database, found("e9", "deny_notice"), *changes)

    assert set((await states(database)).values()) == {"waiting"}


async def test_a_repeat_changes_nothing_in_whatever_batches(database: Database) -> None:
    plan = [found("e1"), found("e2", "hold_notice", 5.0), found("e3", after_s=9.0), held("e4", 10.0)]
    plan += [found("e5", after_s=WINDOW_S + 1.0), found("e6", after_s=3 * WINDOW_S)]
    await carry_out(database, *plan)
    once = await kept(database), await states(database)
    for record in [*plan, *reversed(plan)]:
        await carry_out(database, record)

    assert (await kept(database), await states(database)) == once


async def test_one_batch_and_many_come_to_the_same(database: Database) -> None:
    asked = recorded("e3", effects=(_letter("e3"),), at=T0 + 10.0)
    plan = [found("e1"), asked, found("e2", after_s=20.0), found("e4", after_s=WINDOW_S)]
    await carry_out(database, *plan)
    once = await kept(database), await states(database)
    async with database.begin() as connection:
        for table in (notices, incidents):
            await connection.execute(table.delete())
    for record in plan:
        await carry_out(database, record)

    assert (await kept(database), await states(database)) == once


async def test_two_consumers_of_one_partition_tell_of_it_once(database: Database) -> None:
    plan = [found(f"e{number}", after_s=number) for number in range(8)]

    async def consume() -> None:
        waiting = list(plan)
        while waiting:
            with contextlib.suppress(Unavailable):
                await carry_out(database, *waiting[:2])
                del waiting[:2]

    await asyncio.gather(consume(), consume())

    assert sorted((await states(database)).values()) == ["suppressed"] * 7 + ["waiting"]
    assert len(await kept(database)) == 1


@pytest.mark.parametrize("verdict", ["was_me", "not_me"])
async def test_an_answer_ends_the_incident_and_what_comes_after_is_told(
    database: Database, verdict: Any
) -> None:
    await carry_out(database, found("e1"))
    report = UserReport(
        event_id="r1", account_id="li", occurred_at=int(T0 * 1000), about_event_id="e1", verdict=verdict
    )
    async with database.begin() as connection:
        assert await say(connection, Following(), report, "key:app", T0 + 30.0)
    await carry_out(database, found("e2", after_s=60.0))

    assert await states(database) == {"e1": "waiting", "e2": "waiting"}
    first, second = await kept(database)
    assert (first.answer, first.answered_at, first.closed_at) == (verdict, T0 + 30.0, T0 + 30.0)
    assert second.answer is None


async def test_what_joined_a_letter_that_was_never_sent_is_sent_in_its_place(database: Database) -> None:
    asked = recorded("e1", effects=(_letter("e1"),), at=T0)
    await carry_out(database, asked, found("e2", after_s=1.0), found("e3", after_s=2.0))
    assert await states(database) == {"e1": "waiting", "e2": "suppressed", "e3": "suppressed"}

    dropped = derived_id(challenge("e1").challenge_id, "challenge_notice")
    async with database.begin() as connection:
        ended = {"state": "suppressed", "ended_at": T0 + 3.0, "last_error": "passed"}
        await connection.execute(notices.update().where(notices.c.notice_id == dropped).values(**ended))
        await hand_over(connection, [dropped])

    assert await states(database) == {"e1": "suppressed", "e2": "waiting", "e3": "suppressed"}
    [incident] = await kept(database)
    assert (incident.severity, incident.closed_at) == ("low", None)


async def test_an_incident_of_which_nothing_was_told_ends(database: Database) -> None:
    await carry_out(database, recorded("e1", effects=(_letter("e1"),), at=T0))
    dropped = derived_id(challenge("e1").challenge_id, "challenge_notice")
    async with database.begin() as connection:
        await hand_over(connection, [dropped])
    await carry_out(database, found("e2", after_s=60.0))

    assert (await states(database))["e2"] == "waiting"


def _letter(event_id: str) -> AnyEffect:
    return structs.replace(challenge(event_id), letter_after_s=120)
