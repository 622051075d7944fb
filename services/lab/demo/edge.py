"""What PayGuard's effects left at the edge: rows of alerts, case entries and notices, and mails in the outbox folder."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from msgspec import Struct
from sqlalchemy import func, select

from services.cases.tables import alerts, case_entries, cases, notices
from services.mfa.tables import challenges
from services.platform.database import Database


class Edge(Struct, frozen=True):
    """Counts for the page."""

    alerts: int = 0
    cases: int = 0
    notices: int = 0
    mails: int = 0
    challenges: int = 0
    passed: int = 0
    failed: int = 0


async def look(database: Database, outbox: Path) -> Edge:
    """Count now. Raises Unavailable when the database is away."""
    async with database.read() as connection:
        counts = [
            (await connection.execute(select(func.count()).select_from(table))).scalar_one()
            for table in (alerts, cases, notices, challenges)
        ]
        states: dict[str, int] = dict(
            (await connection.execute(select(challenges.c.state, func.count()).group_by(challenges.c.state)))
            .tuples()
            .all()
        )
    return Edge(
        alerts=counts[0],
        cases=counts[1],
        notices=counts[2],
        mails=len(mails(outbox)),
        challenges=counts[3],
        passed=states.get("passed", 0),
        failed=states.get("failed", 0),
    )


async def traces(database: Database, outbox: Path) -> list[int]:
    """How often each effect was carried out: rows per event (and template), mails per notice."""
    found: Counter[tuple[str, ...]] = Counter()
    async with database.read() as connection:
        for row in await connection.execute(select(alerts.c.account_id, alerts.c.event_id)):
            found["alert", *row] += 1
        entered = (
            select(cases.c.account_id, case_entries.c.event_id)
            .select_from(case_entries.join(cases))
            .where(case_entries.c.event_id.is_not(None))
        )
        for row in await connection.execute(entered):
            found["case", *row] += 1
        told = select(notices.c.account_id, notices.c.event_id, notices.c.template)
        for notice in await connection.execute(told):
            found["notice", *notice] += 1
    for mail in mails(outbox):
        found["mail", mail.name] += 1
    return list(found.values())


async def missing(database: Database, effects: dict[str, set[str]]) -> int:
    """How many alerts, cases and notices that decisions asked for are not there (yet)."""
    async with database.read() as connection:
        raised = set((await connection.execute(select(alerts.c.effect_id))).scalars())
        entered = set((await connection.execute(select(case_entries.c.effect_id))).scalars())
        noticed = set((await connection.execute(select(notices.c.notice_id))).scalars())
    return (
        len(effects.get("raise_alert", set()) - raised)
        + len(effects.get("open_case", set()) - entered)
        + len(effects.get("notify", set()) - noticed)
    )


def mails(outbox: Path) -> list[Path]:
    """The mails delivered into the outbox folder."""
    return list(outbox.glob("*.eml")) if outbox.is_dir() else []
