"""Whether there is more than usual: alerts over time, how far each got, and money; from SQL, each query by an index."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from msgspec import Struct
from sqlalchemy import Integer as SqlInteger
from sqlalchemy import case, cast, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from services.attacks import listing
from services.attacks.tables import attacks
from services.cases.case_measures import DAY_S
from services.cases.hold_tables import held_payments
from services.cases.lost_money import MOST_WORDS, denied_and_gone
from services.cases.tables import alerts, cases, recorded_decisions
from services.desk.report_window import Window
from services.mfa.tables import challenges

BUCKETS = 12
#: So many attacks under way are looked at.
MOST_WAVES = 20
Money = Mapping[str, Decimal]


class Attack(Struct, frozen=True, kw_only=True):
    """Alerts by slot of time, the last hour's, and what is usual for an hour; how far each attempt got; and money.

    `waves` are the attacks under way, the largest first, `gave_way` the accounts that gave way to any of the window.
    """

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
    waves: Sequence[listing.Attack]
    gave_way: int


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
    fraud = select(func.count()).where(window.of(cases.c.resolved_at), cases.c.verdict == "fraud")
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
        lost=_summed(await denied_and_gone(connection, window.since, window.until)),
        waves=await _waves(connection),
        gave_way=await _gave_way(connection, window),
    )


async def _held(connection: AsyncConnection) -> Money:
    """What is held now, by currency."""
    query = select(held_payments.c.currency, held_payments.c.amount).where(
        held_payments.c.state == "held", held_payments.c.joins.is_(None)
    )
    return _summed((await connection.execute(query.limit(MOST_WORDS))).all())


def _summed(rows: Sequence[Any]) -> Money:
    found: dict[str, Decimal] = {}
    for currency, amount in rows:
        found[currency] = found.get(currency, Decimal(0)) + Decimal(amount)
    return found


async def _waves(connection: AsyncConnection) -> list[listing.Attack]:
    query = select(attacks).where(attacks.c.state == "open").order_by(attacks.c.accounts.desc())
    return [listing.of_row(row) for row in (await connection.execute(query.limit(MOST_WAVES))).mappings()]


async def _gave_way(connection: AsyncConnection, window: Window) -> int:
    # The states are named for the index, which begins with them.
    query = select(func.sum(attacks.c.gave_way)).where(
        attacks.c.state.in_(("open", "over")), attacks.c.last_at >= window.since
    )
    return int(await connection.scalar(query) or 0)
