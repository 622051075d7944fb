"""Whether there is more than usual: alerts over time, how far each got, and money; from SQL, each query by an index."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from msgspec import Struct
from sqlalchemy import Integer as SqlInteger
from sqlalchemy import case, cast, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from services.activity.recent import of_types, since
from services.activity.tables import activity
from services.cases.hold_tables import held_payments, owner_words
from services.cases.tables import alerts, cases, recorded_decisions
from services.desk.report_figures import DAY_S
from services.desk.report_window import Window
from services.mfa.tables import challenges

#: So many payments are looked at, whatever there is.
MOST_WORDS = 5000
BUCKETS = 12
#: What owners deny lies at most so long before.
_ABOUT_S = 90 * DAY_S
Money = Mapping[str, Decimal]


class Attack(Struct, frozen=True, kw_only=True):
    """Alerts by slot of time, the last hour's, and what is usual for an hour; how far each attempt got; and money."""

    slots: Sequence[int]
    last_hour: int
    usual_hour: float
    accounts: int
    decided: int
    alerts: int
    asked: int
    not_passed: int
    fraud: int
    held: Money
    lost: Money


async def attack_of(connection: AsyncConnection, window: Window) -> Attack:
    """Whether there is more than usual, and how far it got."""
    raised = alerts.c.raised_at
    slot_s = (window.until - window.since) / (2 * BUCKETS)
    slot = cast((raised - window.since) / slot_s - 0.5, SqlInteger)
    query = select(slot.label("slot"), func.count()).where(window.of(raised)).group_by("slot")
    by_slot = {int(at): int(count) for at, count in await connection.execute(query)}
    hour = window.until - 3600.0
    counted = select(func.count(case((raised >= hour, 1))), func.count(case((raised < hour, 1)))).where(
        raised >= window.until - 7 * DAY_S, raised < window.until
    )
    last_hour, before = (await connection.execute(counted)).one()
    accounts = select(func.count(alerts.c.account_id.distinct()), func.count()).where(window.of(raised))
    touched, total = (await connection.execute(accounts)).one()
    decided = (
        select(func.count())
        .select_from(recorded_decisions)
        .where(window.of(recorded_decisions.c.recorded_at))
    )
    ends = select(func.count(), func.count(case((challenges.c.state != "passed", 1)))).where(
        window.of(challenges.c.closed_at)
    )
    asked, not_passed = (await connection.execute(ends)).one()
    fraud = (
        select(func.count())
        .select_from(cases)
        .where(window.of(cases.c.resolved_at), cases.c.verdict == "fraud")
    )
    return Attack(
        slots=[by_slot.get(at, 0) for at in range(2 * BUCKETS)],
        last_hour=last_hour,
        usual_hour=before / (7 * 24 - 1),
        accounts=touched,
        decided=int(await connection.scalar(decided) or 0),
        alerts=total,
        asked=asked,
        not_passed=not_passed,
        fraud=int(await connection.scalar(fraud) or 0),
        held=await _held(connection),
        lost=await _lost(connection, window),
    )


async def _held(connection: AsyncConnection) -> Money:
    """What is held now, by currency."""
    query = select(held_payments.c.currency, held_payments.c.amount).where(
        held_payments.c.state == "held", held_payments.c.joins.is_(None)
    )
    return _summed((await connection.execute(query.limit(MOST_WORDS))).all())


async def _lost(connection: AsyncConnection, window: Window) -> Money:
    """Payments that were carried out, at most 90 days before, and that owners said, in the window, were not theirs."""
    said, happened = owner_words.c, activity.c
    denied = (
        select(said.account_id, said.about_event_id)
        .where(window.of(said.told_at), said.verdict == "not_me", said.undone_at.is_(None))
        .distinct()
        .limit(MOST_WORDS)
        .subquery()
    )
    # Looked up one by one: a join of so many with activity would read all of it.
    paid = (
        select(happened.currency + " " + happened.amount)
        .where(happened.account_id == denied.c.account_id, happened.event_id == denied.c.about_event_id)
        .where(of_types(["transaction"]), since(window.since - _ABOUT_S), happened.outcome == "completed")
        .limit(1)
        .scalar_subquery()
    )
    found = (await connection.execute(select(paid).select_from(denied))).scalars()
    return _summed([each.split(" ") for each in found if each is not None])


def _summed(rows: Sequence[Any]) -> Money:
    found: dict[str, Decimal] = {}
    for currency, amount in rows:
        found[currency] = found.get(currency, Decimal(0)) + Decimal(amount)
    return found
