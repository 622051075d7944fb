"""The accounts of an attack that gave way: what followed, what is true of them now, and their case; in few statements."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from msgspec import Struct
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from services.activity.recent import since
from services.activity.tables import activity
from services.attacks.tables import attack_accounts
from services.cases.hold_tables import account_holds, held_payments
from services.cases.repeated_failures import INCOMING
from services.cases.tables import cases
from services.mfa.tables import challenges
from services.wallet.tables import wallet_actions

#: So many accounts are looked at, those that gave way last; so many events of theirs.
MOST, _EVENTS = 200, 2000
_SEVERITIES = ("low", "medium", "high", "critical")


class Event(Struct, frozen=True):
    """What happened on an account after it gave way: `amount` and `currency` of money; `held`: how it ended if it was held."""

    at: float
    type: str
    kind: str | None
    outcome: str | None
    amount: str | None
    currency: str | None
    held: str | None


class Fallen(Struct, frozen=True, kw_only=True):
    """An account that gave way: when, what is true of it now, the case about it, what followed, and the money asked for since."""

    account_id: str
    at: float
    frozen: bool
    asked: bool
    signed_out: bool
    case_id: str | None
    severity: str | None
    followed: Event | None
    stake: Mapping[str, Decimal]

    @property
    def level(self) -> int:
        """How grave it is, from 1 to 4: as its case says, and never low where money can go out."""
        said = 1 + _SEVERITIES.index(self.severity) if self.severity in _SEVERITIES else 2
        return max(said, 3) if self.stake and not self.frozen else said


async def fallen_of(connection: AsyncConnection, attack_id: str) -> list[Fallen]:
    """The accounts that gave way last, the gravest first."""
    of = attack_accounts.c
    query = select(of.account_id, of.gave_way_at).where(
        of.attack_id == attack_id, of.gave_way_at.is_not(None)
    )
    rows = (await connection.execute(query.order_by(of.gave_way_at.desc()).limit(MOST))).all()
    given: dict[str, float] = {row.account_id: row.gave_way_at for row in rows}
    if not given:
        return []
    names = sorted(given)
    frozen, asked, signed_out = await _states(connection, given)
    own_cases = await _cases(connection, names)
    events = await _events(connection, given)
    found = [
        Fallen(
            account_id=name,
            at=given[name],
            frozen=name in frozen,
            asked=name in asked,
            signed_out=name in signed_out,
            case_id=own_cases[name][0] if name in own_cases else None,
            severity=own_cases[name][1] if name in own_cases else None,
            followed=_gravest(events[name]),
            stake=_stake(events[name]),
        )
        for name in names
    ]
    return sorted(found, key=lambda each: (-each.level, -sum(each.stake.values(), Decimal(0)), -each.at))


async def _states(
    connection: AsyncConnection, given: Mapping[str, float]
) -> tuple[set[str], set[str], set[str]]:
    """Which of them are frozen, are being asked for a code, and were signed out since they gave way."""
    names, first = sorted(given), min(given.values())
    frozen = await _names(
        connection,
        select(account_holds.c.account_id).where(
            account_holds.c.account_id.in_(names), account_holds.c.released_at.is_(None)
        ),
    )
    asked = await _names(
        connection,
        select(challenges.c.account_id).where(
            challenges.c.account_id.in_(names), challenges.c.state == "open", challenges.c.issued_at >= first
        ),
    )
    ended = await connection.execute(
        select(wallet_actions.c.account_id, func.max(wallet_actions.c.at))
        .where(wallet_actions.c.account_id.in_(names), wallet_actions.c.kind == "revoke_sessions")
        .group_by(wallet_actions.c.account_id)
    )
    signed_out = {account for account, at in ended if at >= given[account]}
    return frozen, asked, signed_out


async def _names(connection: AsyncConnection, query: Any) -> set[str]:
    return set((await connection.execute(query)).scalars())


async def _cases(connection: AsyncConnection, names: Sequence[str]) -> dict[str, tuple[str, str]]:
    """Of each account the case of risk: the one that is open, else the newest."""
    of = cases.c
    query = select(of.account_id, of.case_id, of.severity).where(of.account_id.in_(names), of.kind == "risk")
    rows = await connection.execute(query.order_by((of.state == "resolved").desc(), of.opened_at))
    return {row.account_id: (row.case_id, row.severity) for row in rows}


async def _events(
    connection: AsyncConnection, given: Mapping[str, float]
) -> Mapping[str, Sequence[tuple[str, Event]]]:
    """What happened after each gave way, oldest first: the number of the money, or the event, with it."""
    names = sorted(given)
    held = {
        (row.account_id, row.event_id): row.state
        for row in await connection.execute(
            select(held_payments.c.account_id, held_payments.c.event_id, held_payments.c.state).where(
                held_payments.c.account_id.in_(names)
            )
        )
    }
    of = activity.c
    wanted = (
        of.account_id,
        of.event_id,
        of.reference,
        of.at,
        of.type,
        of.kind,
        of.outcome,
        of.amount,
        of.currency,
    )
    query = select(*wanted).where(of.account_id.in_(names), since(min(given.values())))
    found: defaultdict[str, list[tuple[str, Event]]] = defaultdict(list)
    rows = (await connection.execute(query.order_by(of.at.desc()).limit(_EVENTS))).all()
    for row in reversed(rows):
        if row.at > given[row.account_id]:
            event = Event(
                row.at,
                row.type,
                row.kind,
                row.outcome,
                row.amount,
                row.currency,
                held.get((row.account_id, row.event_id)),
            )
            found[row.account_id].append((row.reference or row.event_id, event))
    return found


def _outgoing(event: Event) -> bool:
    return event.type == "transaction" and event.kind not in INCOMING and event.amount is not None


def _gravest(events: Sequence[tuple[str, Event]]) -> Event | None:
    """Money before changes, changes before all else; of these the newest."""
    ranks = {"transaction": 3, "account_change": 2, "user_report": 2, "login": 1}
    best: Event | None = None
    for _, event in events:
        rank = ranks.get(event.type, 0) if event.type != "transaction" or _outgoing(event) else 0
        if rank and (best is None or rank >= ranks.get(best.type, 0)):
            best = event
    return best


def _stake(events: Sequence[tuple[str, Event]]) -> Mapping[str, Decimal]:
    """The money that was asked to go out since, each of it once."""
    each_once = {number: event for number, event in events if _outgoing(event)}
    sums: defaultdict[str, Decimal] = defaultdict(Decimal)
    for event in each_once.values():
        sums[event.currency or ""] += Decimal(event.amount or "0")
    return sums
