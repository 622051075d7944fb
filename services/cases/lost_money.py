"""Money that was gone before somebody said that its owner never sent it; from SQL, each query by an index."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Select, and_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from services.activity.recent import of_types, since
from services.activity.tables import activity
from services.cases.hold_tables import owner_words
from services.cases.tables import case_entries, cases

#: So many events are looked at, whatever there is.
MOST_WORDS = 5000
#: What is called not the owner's happened at most so long before.
ABOUT_S = 90 * 86_400.0
#: (currency, amount in decimal text) of each payment.
Payments = Sequence[tuple[str, str]]


async def denied_and_gone(connection: AsyncConnection, begin: float, end: float) -> Payments:
    """Payments that were carried out, at most 90 days before, and that owners said were not theirs from `begin` until before
    `end` (epoch seconds)."""
    said = owner_words.c
    denied = (
        select(said.account_id, said.about_event_id.label("event_id"))
        .where(said.told_at >= begin, said.told_at < end, said.verdict == "not_me", said.undone_at.is_(None))
        .distinct()
    )
    return await _gone(connection, denied, begin)


async def judged_and_gone(connection: AsyncConnection, begin: float, end: float) -> Payments:
    """The same of what support called fraud in that time, without what its owner had said so of: that is counted already."""
    said = owner_words.c
    denied = select(said.event_id).where(
        said.account_id == cases.c.account_id,
        said.about_event_id == case_entries.c.event_id,
        said.verdict == "not_me",
        said.undone_at.is_(None),
    )
    judged = (
        select(cases.c.account_id, case_entries.c.event_id)
        .select_from(cases.join(case_entries))
        .where(cases.c.resolved_at >= begin, cases.c.resolved_at < end, cases.c.verdict == "fraud")
        .where(case_entries.c.event_id.is_not(None), ~denied.exists())
        .distinct()
    )
    return await _gone(connection, judged, begin)


async def _gone(connection: AsyncConnection, events: Select[Any], begin: float) -> Payments:
    about, happened = events.limit(MOST_WORDS).subquery(), activity.c
    # Looked up one by one: a join of so many with activity would read all of it.
    paid = (
        select(happened.currency + " " + happened.amount)
        .where(and_(happened.account_id == about.c.account_id, happened.event_id == about.c.event_id))
        .where(of_types(["transaction"]), since(begin - ABOUT_S), happened.outcome == "completed")
        .limit(1)
        .scalar_subquery()
    )
    found = (await connection.execute(select(paid).select_from(about))).scalars()
    pairs = [each.split(" ") for each in found if each is not None]
    return [(currency, amount) for currency, amount in pairs]
