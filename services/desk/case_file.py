"""Everything that a case's page tells, read from SQL in a bounded number of queries, whatever the account has lived through."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any, Literal

from msgspec import Struct, json
from sqlalchemy import and_, func, literal, select
from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.decisions import Decision
from services.activity.recent import newest
from services.activity.repository import rows_of
from services.activity.rows import Row
from services.activity.tables import activity
from services.cases import held_payments, states
from services.cases.approvals import Approval
from services.cases.case_records import FileKept, files_of
from services.cases.case_rows import Entry, entries_of
from services.cases.held_payments import HeldPayment
from services.cases.hold_tables import account_holds, approvals, owner_words
from services.cases.holds import AccountHold
from services.cases.owner_words import OwnerWord
from services.cases.owners import Owner, owner_at
from services.cases.tables import contact_points, recorded_decisions
from services.cases.tables import outbox as outbox_rows
from services.mfa.records import Challenge
from services.mfa.tables import challenges, factors
from services.wallet.actions import WalletAction
from services.wallet.tables import wallet_actions

#: The newest so many events are read, of so many days before the case's end unless more are asked for; of everything else the
#: newest so many.
MOST_ROWS, BACK_DAYS, _MOST = 200, 90, 100
_DAY_S = 86_400.0
#: A case that is over is told until a day after.
_AFTER_S = 86_400.0
#: So long before a case's first event what came from where that came from belongs to it.
_RELATED_S = 86_400.0
#: Behind every id.
_LAST = "\U0010ffff"
_decode = json.Decoder(Decision).decode
_read_action = json.Decoder(WalletAction).decode


class PointKept(Struct, frozen=True, kw_only=True):
    """Where the owner was reached from `since` to `until` (None: still); `told_by` is the notice that tells of its coming."""

    point_id: str
    channel: str
    address: str
    locale: str
    time_zone: str
    since: float
    until: float | None
    told_by: str | None
    bouncing_since: float | None


#: Entries of a case that has files beside it.
_FILED = frozenset({"file", "internal_file"})


class Asked(Struct, frozen=True, kw_only=True):
    """What the wallet was asked to do at `asked_at`, and what it said at `result_at` (None: nothing yet), if it was `told`."""

    action_id: str
    kind: str
    event_id: str
    asked_at: float
    result: Literal["done", "already", "failed"] | None = None
    result_at: float | None = None
    told: bool = True

    @property
    def confirmed(self) -> bool:
        """Whether the wallet said that it is done."""
        return self.result in ("done", "already")

    @property
    def took_s(self) -> float | None:
        """Seconds until it said so."""
        return None if self.result_at is None else max(0.0, self.result_at - self.asked_at)


class FactorKept(Struct, frozen=True):
    """The account's authenticator in use: its state and since when."""

    state: str
    confirmed_at: float | None


class CaseFile(Struct, frozen=True, kw_only=True):
    """A case and what is known around it. Rows are newest first, entries and points oldest first; times are epoch seconds.

    `decisions` are those on the case's events and on what else is told, by event id; `until` is where the story ends.
    """

    case: states.Case
    until: float
    entries: Sequence[Entry]
    rows: Sequence[Row]
    decisions: Mapping[str, Decision]
    words: Sequence[OwnerWord] = ()
    points: Sequence[PointKept] = ()
    owner: Owner = Owner([], [])
    holds: Sequence[AccountHold] = ()
    payments: Sequence[HeldPayment] = ()
    asked: Sequence[Asked] = ()
    challenges: Sequence[Challenge] = ()
    approvals: Sequence[Approval] = ()
    files: Sequence[FileKept] = ()
    factor: FactorKept | None = None
    first_at: float | None = None

    @property
    def event_ids(self) -> frozenset[str]:
        """The events of the case: those that joined it, what an owner reported, and what these speak of."""
        own = {entry.event_id for entry in self.entries if entry.event_id is not None}
        if self.case.subject_event_id is not None:
            own.add(self.case.subject_event_id)
        about = {word.about_event_id for word in self.words if word.event_id in own}
        about |= {
            decision.about_event_id
            for name, decision in self.decisions.items()
            if name in own and decision.about_event_id is not None
        }
        return frozenset(own | about)

    @property
    def marked_ids(self) -> frozenset[str]:
        """The events that belong to the case: its own, and what came from the same device or network in the day before it and
        since, where the account did not have that before."""
        names = self.event_ids
        own = [row for row in self.rows if row.event_id in names]
        if not own:
            return names
        since = min(row.at for row in own) - _RELATED_S
        keys = {key for row in own for key in (row.device_key, row.network_key) if key is not None}
        keys -= {key for row in self.rows if row.at < since for key in (row.device_key, row.network_key)}
        related = {
            row.event_id
            for row in self.rows
            if row.at >= since and (row.device_key in keys or row.network_key in keys)
        }
        return names | related

    @property
    def decided(self) -> Decision | None:
        """The gravest decision of the case, which its page explains; None where none was recorded."""
        found = [self.decisions[name] for name in self.event_ids if name in self.decisions]
        return max(found, key=lambda each: (each.score, each.risk, each.at, each.event_id), default=None)


async def read_file(
    connection: AsyncConnection, case: states.Case, now: float, days: int = BACK_DAYS
) -> CaseFile:
    """The case with what is known around it; events of so many days, which are read month by month, at least of BACK_DAYS."""
    account_id = case.account_id
    until = now if case.resolved_at is None else min(now, case.resolved_at + _AFTER_S)
    entries = await entries_of(connection, case.case_id)
    which = activity.c.account_id == account_id
    since_s = until - max(days, BACK_DAYS) * _DAY_S
    rows = await newest(connection, which, MOST_ROWS, now=until, since_s=since_s, before=(until, _LAST))
    words = await _words(connection, account_id)
    told = {entry.event_id for entry in entries} | {case.subject_event_id}
    own = {name for name in told if name is not None}
    own |= {word.about_event_id for word in words if word.event_id in own}
    missing = own - {row.event_id for row in rows}
    older = await rows_of(connection, {(account_id, name) for name in missing})
    rows = sorted([*rows, *older], key=lambda row: (row.at, row.event_id), reverse=True)
    points = await points_of_account(connection, account_id)
    factor, first_at = await _factor(connection, account_id)
    return CaseFile(
        case=case,
        until=until,
        entries=entries,
        rows=rows,
        decisions=await _decisions(connection, account_id, own | {row.event_id for row in rows}),
        words=words,
        points=points,
        owner=await owner_at(connection, account_id, None, points),
        holds=await _holds(connection, account_id),
        payments=await held_payments.newest(connection, account_id, _MOST),
        asked=await _asked(connection, account_id),
        challenges=await _challenges(connection, account_id),
        approvals=await _approvals(connection, account_id),
        files=await files_of(connection, case.case_id) if _FILED & {each.kind for each in entries} else [],
        factor=factor,
        first_at=first_at,
    )


async def _rows(connection: AsyncConnection, query: Any) -> list[dict[str, Any]]:
    return [dict(row) for row in (await connection.execute(query)).mappings()]


async def _words(connection: AsyncConnection, account_id: str) -> list[OwnerWord]:
    columns = [owner_words.c[name] for name in OwnerWord.__struct_fields__]
    query = select(*columns).where(owner_words.c.account_id == account_id)
    return [
        OwnerWord(**row)
        for row in await _rows(connection, query.order_by(owner_words.c.told_at.desc()).limit(_MOST))
    ]


async def _decisions(
    connection: AsyncConnection, account_id: str, names: Collection[str]
) -> dict[str, Decision]:
    query = select(recorded_decisions.c.event_id, recorded_decisions.c.body).where(
        recorded_decisions.c.account_id == account_id, recorded_decisions.c.event_id.in_(sorted(names))
    )
    return {row.event_id: _decode(row.body) for row in await connection.execute(query)} if names else {}


async def points_of_account(connection: AsyncConnection, account_id: str) -> list[PointKept]:
    """Where the owner of the account is reached, and was before, oldest first."""
    columns = [contact_points.c[name] for name in PointKept.__struct_fields__]
    query = select(*columns).where(contact_points.c.account_id == account_id)
    found = await _rows(connection, query.order_by(contact_points.c.since.desc()).limit(_MOST))
    return [PointKept(**row) for row in reversed(found)]


async def _holds(connection: AsyncConnection, account_id: str) -> list[AccountHold]:
    query = select(account_holds).where(account_holds.c.account_id == account_id)
    found = await _rows(connection, query.order_by(account_holds.c.placed_at.desc()).limit(_MOST))
    return [AccountHold(**row) for row in found]


async def _asked(connection: AsyncConnection, account_id: str) -> list[Asked]:
    """What the wallet was asked, last asked first: what it has not heard of yet stands in the outbox alone."""
    query = (
        select(
            outbox_rows.c.payload,
            outbox_rows.c.created_at,
            wallet_actions.c.action_id,
            wallet_actions.c.result,
            wallet_actions.c.result_at,
        )
        .outerjoin(wallet_actions, wallet_actions.c.action_id == outbox_rows.c.identity)
        .where(outbox_rows.c.key == account_id, outbox_rows.c.kind == "action")
        .order_by(outbox_rows.c.id.desc())
        .limit(_MOST)
    )
    rows = (await connection.execute(query)).all()
    return [
        Asked(
            action_id=wanted.action_id,
            kind=wanted.kind,
            event_id=wanted.event_id,
            asked_at=row.created_at,
            result=row.result,
            result_at=row.result_at,
            told=row.action_id is not None,
        )
        for row, wanted in ((row, _read_action(row.payload)) for row in rows)
    ]


async def _challenges(connection: AsyncConnection, account_id: str) -> list[Challenge]:
    columns = [challenges.c[name] for name in Challenge.__struct_fields__]
    query = select(*columns).where(challenges.c.account_id == account_id)
    found = await _rows(connection, query.order_by(challenges.c.issued_at.desc()).limit(_MOST))
    return [Challenge(**row) for row in found]


async def _approvals(connection: AsyncConnection, account_id: str) -> list[Approval]:
    query = select(approvals).where(approvals.c.account_id == account_id)
    found = await _rows(connection, query.order_by(approvals.c.asked_at.desc()).limit(_MOST))
    return [Approval(**row) for row in found]


async def _factor(connection: AsyncConnection, account_id: str) -> tuple[FactorKept | None, float | None]:
    """The account's authenticator, and when the account was first seen."""
    first = select(func.min(activity.c.at)).where(activity.c.account_id == account_id).scalar_subquery()
    this = and_(factors.c.account_id == account_id, factors.c.state.in_(["active", "disabled"]))
    one = select(literal(1).label("one")).subquery()
    query = select(first.label("first_at"), factors.c.state, factors.c.confirmed_at)
    row = (await connection.execute(query.select_from(one.outerjoin(factors, this)))).one()
    return None if row.state is None else FactorKept(row.state, row.confirmed_at), row.first_at
