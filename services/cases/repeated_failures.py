"""Payments that fail again and again, of an account or at a channel, open a case by themselves, or join the one that is open."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from typing import TypeGuard

from msgspec import structs
from sqlalchemy import ColumnElement, and_, distinct, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.decisions import derived_id
from contracts.events import AnyEvent, Transaction
from contracts.report_kinds import ReportKind
from services.activity.recent import since
from services.activity.tables import activity
from services.cases import states
from services.cases.case_deadlines import ClockOf
from services.cases.case_rows import note_entry
from services.cases.kind_files import kinds
from services.cases.kind_shapes import Repeats
from services.cases.repository import change_case
from services.cases.tables import cases
from services.platform.database import Database, insert_new

KIND: ReportKind = "payment_failed"
#: Whoever flags: no person.
BY_ITSELF = "payguard"
FLAGGED = "flagged"
#: What comes in fails otherwise.
INCOMING = frozenset({"top_up", "refund"})
#: What is older is history that somebody brings along.
_FRESH_S = 86_400.0
#: Accounts whose failures are counted with one query.
_PART = 500


class RepeatedFailures:
    """Hears of events whose rows of activity are kept. Raises Unavailable: repeat the batch, nothing is flagged twice."""

    def __init__(self, database: Database, clock: Callable[[], float], clock_of: ClockOf) -> None:
        """`clock_of` is as for every report."""
        self._database = database
        self._clock = clock
        self._clock_of = clock_of

    async def tell(self, events: Sequence[AnyEvent]) -> None:
        """Flag the accounts and channels among these events that fail as often as the kind says."""
        repeats = kinds()[KIND].repeats
        fresh = self._clock() - _FRESH_S
        failed = [event for event in events if _fails(event) and event.at >= fresh]
        if repeats is None or not failed:
            return
        newest = {event.account_id: event for event in sorted(failed, key=lambda each: each.at)}
        async with self._database.read() as connection:
            accounts = await _often(connection, newest, repeats, self._clock())
            channels = await _busy(
                connection, {each.channel for each in failed if each.channel}, repeats, self._clock()
            )
        if not accounts and not channels:
            return
        async with self._database.begin() as connection:
            for account_id in accounts:
                await self._flag(connection, newest[account_id])
            for channel, many in channels.items():
                first = next(event for event in failed if event.channel == channel)
                await self._flag_channel(connection, first, channel, many)

    async def _flag(self, connection: AsyncConnection, event: Transaction) -> None:
        """Join the account's open case of failures, or open one: once for each event."""
        now = self._clock()
        entry_id = derived_id(f"{len(event.account_id)}:{event.account_id}{event.event_id}", FLAGGED)
        query = select(cases).where(
            cases.c.account_id == event.account_id, cases.c.kind == KIND, cases.c.state != "resolved"
        )
        row = (await connection.execute(query.order_by(cases.c.opened_at).limit(1))).mappings().first()
        if row is None:
            await self._open(connection, entry_id, event, _why(event))
            return
        case = states.Case(**row)
        changed = states.added(case, now)
        if await note_entry(connection, changed, FLAGGED, BY_ITSELF, _why(event), entry_id):
            await change_case(connection, case, changed)

    async def _flag_channel(
        self, connection: AsyncConnection, event: Transaction, channel: str, accounts: int
    ) -> None:
        """Open a case about a channel: once a day, on the account that failed first."""
        day = datetime.fromtimestamp(self._clock(), UTC).date()
        case_id = derived_id(f"{channel}\x00{day}", "channel_failures")
        note = f"channel {channel} accounts {accounts}"
        await self._open(connection, case_id, event, note)

    async def _open(self, connection: AsyncConnection, case_id: str, event: Transaction, note: str) -> None:
        now = self._clock()
        clock = self._clock_of(KIND, now)
        case = states.reported(case_id, event.account_id, KIND, event.event_id, now, clock)
        added = insert_new(cases).values(structs.asdict(case)).returning(cases.c.case_id)
        if (await connection.execute(added)).first() is not None:
            await note_entry(connection, case, FLAGGED, BY_ITSELF, note, case_id)


def _fails(event: AnyEvent) -> TypeGuard[Transaction]:
    return isinstance(event, Transaction) and event.status == "failed" and event.kind not in INCOMING


def _why(event: Transaction) -> str:
    cause = kinds()[KIND].cause(event.reason)
    return f"cause {'unknown' if cause is None else cause.name}"


async def _often(
    connection: AsyncConnection, accounts: Iterable[str], repeats: Repeats, now: float
) -> list[str]:
    """The accounts that failed as often within the time; what failed before a case about it was closed counts no more."""
    names = sorted(accounts)
    often: Counter[str] = Counter()
    for first in range(0, len(names), _PART):
        part = names[first : first + _PART]
        closed = (
            select(cases.c.account_id, func.max(cases.c.resolved_at).label("at"))
            .where(cases.c.account_id.in_(part), cases.c.kind == KIND)
            .group_by(cases.c.account_id)
            .subquery()
        )
        query = (
            select(activity.c.account_id, func.count())
            .select_from(activity.outerjoin(closed, closed.c.account_id == activity.c.account_id))
            .where(
                activity.c.account_id.in_(part),
                _failures(now - repeats.within_s),
                activity.c.at > func.coalesce(closed.c.at, 0.0),
            )
            .group_by(activity.c.account_id)
        )
        often.update({row[0]: row[1] for row in await connection.execute(query)})
    return [account for account in names if often[account] >= repeats.failures]


async def _busy(
    connection: AsyncConnection, channels: Iterable[str], repeats: Repeats, now: float
) -> dict[str, int]:
    """The channels at which as many accounts failed within the time, and how many did."""
    names = sorted(channels)
    if not names:
        return {}
    query = (
        select(activity.c.channel, func.count(distinct(activity.c.account_id)))
        .where(activity.c.channel.in_(names), _failures(now - repeats.channel_within_s))
        .group_by(activity.c.channel)
    )
    found = {row[0]: int(row[1]) for row in await connection.execute(query)}
    return {name: found[name] for name in names if found.get(name, 0) >= repeats.accounts}


def _failures(at: float) -> ColumnElement[bool]:
    this = activity.c
    return and_(
        this.section == "money", this.outcome == "failed", this.kind.not_in(sorted(INCOMING)), since(at)
    )
