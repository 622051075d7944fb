"""The months that activity is kept in: PostgreSQL has a partition for each, so that an old month is dropped as a whole."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, timedelta

from sqlalchemy import delete, text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.activity.tables import activity

_LOCK = 7_294_186_003
_CHILDREN = text(
    "SELECT child.relname FROM pg_inherits JOIN pg_class child ON child.oid = inhrelid"
    " WHERE inhparent = to_regclass(:parent)"
)


def month_of(day: date) -> date:
    """The first day of its month."""
    return day.replace(day=1)


def following(month: date) -> date:
    """The first day of the month after."""
    return month_of(month + timedelta(days=32))


def wanted(
    days: Iterable[tuple[str, date]], today: date, kept_days: Mapping[str, int]
) -> set[tuple[str, date]]:
    """The months that must have a partition for rows of these (section, day) to be dropped in time.

    Days that are past keeping, or more than a month ahead, lie in the section's own remainder.
    """
    latest = following(following(month_of(today)))
    return {
        (section, month_of(day))
        for section, day in days
        if today - timedelta(days=kept_days[section]) <= day < latest
    }


async def create(connection: AsyncConnection, months: Iterable[tuple[str, date]]) -> None:
    """Make what is missing of these partitions, inside the caller's transaction; PostgreSQL alone.

    Rows of such a month that lie in the remainder, because they came when it was far ahead, move into it.
    """
    await connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
    for section, month in sorted(months):
        name, parent = _name(section, month), f"activity_{section}"
        if await connection.scalar(text("SELECT to_regclass(:name)"), {"name": name}) is not None:
            continue
        first, beyond = f"'{month}'", f"'{following(month)}'"
        within = f"day >= {first} AND day < {beyond}"
        for statement in (
            f"CREATE TABLE {name} (LIKE {parent} INCLUDING DEFAULTS INCLUDING CONSTRAINTS)",
            f"WITH moved AS (DELETE FROM {parent}_rest WHERE {within} RETURNING *) INSERT INTO {name} SELECT * FROM moved",  # noqa: S608 (names are ours)
            f"ALTER TABLE {parent} ATTACH PARTITION {name} FOR VALUES FROM ({first}) TO ({beyond})",
        ):
            await connection.execute(text(statement))


async def drop_old(
    connection: AsyncConnection, today: date, kept_days: Mapping[str, int], on_postgresql: bool
) -> int:
    """Forget what is past keeping, inside the caller's transaction; how many months were dropped whole.

    A month goes when its last day is past keeping; on SQLite, and in the remainders, each row goes on its day.
    """
    dropped = 0
    for section, days in kept_days.items():
        kept_from = today - timedelta(days=days)
        if on_postgresql:
            names = (await connection.execute(_CHILDREN, {"parent": f"activity_{section}"})).scalars().all()
            for name in (name for name in names if name < _name(section, month_of(kept_from))):
                await connection.execute(text(f"DROP TABLE {name}"))
                dropped += 1
        old = activity.c.section == section, activity.c.day < kept_from
        table = text(f"DELETE FROM activity_{section}_rest WHERE day < :kept_from OR at < :kept_from_s")  # noqa: S608 (the section is ours)
        if on_postgresql:
            moment = (kept_from - date(1970, 1, 1)).total_seconds()
            await connection.execute(table, {"kept_from": kept_from, "kept_from_s": moment})
        else:
            await connection.execute(delete(activity).where(*old))
    return dropped


def _name(section: str, month: date) -> str:
    """Names sort as their months do, and before the remainder's."""
    return f"activity_{section}_{month:%Y%m}"
