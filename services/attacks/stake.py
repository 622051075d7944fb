"""What money was asked to go out of accounts after they gave way, by what became of it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from services.activity.recent import of_types, since
from services.activity.tables import activity
from services.attacks.waves import AccountSize
from services.cases.hold_tables import held_payments
from services.cases.repeated_failures import INCOMING

#: State (held, refused, completed, requested), then currency, then canonical decimal text.
Stake = dict[str, dict[str, str]]
_PART = 500
#: Of one payment that is told of more than once, the furthest counts.
_RANK = {"requested": 0, "failed": 1, "completed": 2}
_STATES = {"requested": "requested", "failed": "refused", "completed": "completed"}
_HELD = {"held": "held", "cancelled": "refused", "expired": "refused"}


async def at_stake(connection: AsyncConnection, accounts: Sequence[AccountSize]) -> Stake:
    """The money of the accounts that gave way, since each of them did; what is held or given up counts as that."""
    given = {each.account_id: each.gave_way_at for each in accounts if each.gave_way_at is not None}
    sums: defaultdict[tuple[str, str], Decimal] = defaultdict(Decimal)
    names = sorted(given)
    for first in range(0, len(names), _PART):
        for state, currency, amount in await _payments(connection, given, names[first : first + _PART]):
            sums[state, currency] += Decimal(amount)
    found: Stake = {}
    for (state, currency), total in sorted(sums.items()):
        found.setdefault(state, {})[currency] = format(total, "f")
    return found


async def _payments(
    connection: AsyncConnection, given: Mapping[str, float], names: Sequence[str]
) -> list[tuple[str, str, str]]:
    """State, currency and amount of each payment."""
    held = {
        (row.account_id, row.event_id): row.state
        for row in await connection.execute(
            select(held_payments.c.account_id, held_payments.c.event_id, held_payments.c.state).where(
                held_payments.c.account_id.in_(names)
            )
        )
    }
    of = activity.c
    query = select(of.account_id, of.event_id, of.at, of.outcome, of.currency, of.amount, of.reference).where(
        of.account_id.in_(names),
        of_types(["transaction"]),
        since(min(given[name] for name in names)),
        func.coalesce(of.kind, "").not_in(sorted(INCOMING)),
    )
    furthest: dict[tuple[str, str], Any] = {}
    for row in await connection.execute(query):
        if row.at < given[row.account_id] or row.outcome not in _RANK:
            continue
        name = row.account_id, row.reference or row.event_id
        known = furthest.get(name)
        if known is None or _RANK[row.outcome] > _RANK[known.outcome]:
            furthest[name] = row
    return [
        (
            _HELD.get(held.get((row.account_id, row.event_id), ""), _STATES[row.outcome]),
            row.currency,
            row.amount,
        )
        for row in furthest.values()
    ]
