"""Erasing an account: who may have it done, what must end before, and what stays where nobody can take it out."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Collection
from datetime import UTC, datetime
from typing import Any

from msgspec import Struct
from redis.asyncio import Redis
from sqlalchemy import Table, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.decisions import derived_id
from contracts.events import Erasure, to_wire
from services.activity.tables import activity
from services.audit.audit_log import Entry, record, take_words
from services.audit.chain import ERASED
from services.audit.tables import audit
from services.cases import approvals, held_payments, holds, outbox
from services.cases.approvals import ActRule, Approval, StillStanding
from services.cases.tables import cases
from services.http.api_keys import Acting
from services.mfa.tables import factor_resets
from services.platform.database import Database
from services.platform.settings import Settings
from services.rights.erasing import erase_rows
from services.rights.export import export
from services.rights.rule import identity_days, records_days
from services.wallet.tables import wallet_actions

DAY_S = 86_400.0
#: Counts across accounts and records of payees, see decision 14.
_COUNTS_DAYS = 180


class Kept(Struct, frozen=True, kw_only=True):
    """What an erasure leaves: where, why, and until when (epoch seconds, None: always); `rows` where it can be counted."""

    where: str
    why: str
    until: float | None
    rows: int | None = None


class Erased(Struct, frozen=True, kw_only=True):
    """An erasure: `rows` says how many of each table went, and is empty for one that is looked up later."""

    account_id: str
    at: float
    by: str
    rows: dict[str, int]
    kept: list[Kept]


class AccountRights:
    """Every method raises Unavailable when the database is away."""

    def __init__(
        self,
        settings: Settings,
        database: Database,
        store: Redis,
        clock: Callable[[], float],
        second_person: Collection[str] = (),
    ) -> None:
        """`store` has what is remembered of accounts, `second_person` names the acts that need one."""
        self._store = store
        self._settings = settings
        self._database = database
        self._clock = clock
        self._second_person = frozenset(second_person)

    async def export(self, account_id: str, by: str) -> dict[str, Any]:
        """All that is kept about the account, see `export`; the audit says that `by` asked. Raises Unavailable."""
        told = await export(self._settings, self._database, self._store, account_id)
        entry = Entry(
            at=self._clock(), action="account_exported", result="done", actor=by, account_id=account_id
        )
        async with self._database.begin() as connection:
            await record(connection, entry)
        return told

    async def erase(self, account_id: str, by: str, why: str) -> Erased | Approval:
        """Erase the account, or ask for a second person to. Raises StillStanding."""
        now = self._clock()
        async with self._database.begin() as connection:
            if "erasure" not in self._second_person:
                done = await self.carry_out(connection, account_id, by, now)
            else:
                await _require_nothing_standing(connection, account_id)
                asked = await approvals.ask(connection, "erasure", account_id, account_id, by, why, now)
                await record(connection, approvals.entry(asked, now))
                return asked
        await self._database.empty_log()
        return done

    async def erase_or_allow(self, account_id: str, by: str, why: str) -> Erased | Approval:
        """As `erase`, but an erasure that another person asked for is allowed by this. Raises StillStanding, SamePerson."""
        now = self._clock()
        async with self._database.begin() as connection:
            waiting = await approvals.open_of(connection, "erasure", account_id, now)
            if waiting is not None:
                await approvals.decide(connection, waiting.approval_id, by, "approved", now)
                done = await self.carry_out(connection, account_id, by, now)
        if waiting is None:
            return await self.erase(account_id, by, why)
        await self._database.empty_log()
        return done

    @property
    def act(self) -> ActRule:
        """What follows where an administrator allows an erasure that another asked for."""
        return ActRule(self._allowed, scope="admin")

    async def _allowed(
        self, connection: AsyncConnection, approval: Approval, by: Acting, now: float, /
    ) -> None:
        await self.carry_out(connection, approval.account_id, by.actor, now)

    async def carry_out(self, connection: AsyncConnection, account_id: str, by: str, now: float) -> Erased:
        """Erase the account inside the caller's transaction. Raises StillStanding.

        The stream hears of it last of all that was written about the account: workers then forget their memory of it, and
        whoever keeps decisions and activity what came in between.
        """
        await _require_nothing_standing(connection, account_id)
        today = datetime.fromtimestamp(now, UTC).date()
        rows = await erase_rows(connection, account_id, today, self._settings.erase_keeps_money_days)
        event = Erasure(
            event_id=derived_id(secrets.token_hex(16), "erasure"),
            account_id=account_id,
            occurred_at=int(now * 1000),
        )
        told = outbox.Outgoing(event.event_id, "event", account_id, to_wire(event))
        await outbox.put(connection, [told], now)
        words = await take_words(connection, account_id)
        entry = Entry(at=now, action=ERASED, result="done", actor=by, account_id=account_id, reason=words)
        kept = await self._kept(connection, account_id, now)
        await record(connection, entry)
        return Erased(account_id=account_id, at=now, by=by, rows=rows, kept=kept)

    async def last(self, account_id: str) -> Erased | None:
        """The account's last erasure and what is left of it now; None when there was none."""
        query = select(audit.c.at, audit.c.actor).where(
            audit.c.account_id == account_id, audit.c.action == ERASED
        )
        async with self._database.read() as connection:
            row = (await connection.execute(query.order_by(audit.c.at.desc()).limit(1))).one_or_none()
            if row is None:
                return None
            kept = await self._kept(connection, account_id, row.at)
        return Erased(account_id=account_id, at=row.at, by=row.actor, rows={}, kept=kept)

    async def _kept(self, connection: AsyncConnection, account_id: str, at: float) -> list[Kept]:
        settings = self._settings

        def until(days: int) -> float:
            return at + days * DAY_S

        actions = await _count(connection, wallet_actions, account_id)
        entries = await _count(connection, audit, account_id)
        kept = [
            Kept(where="topic account-events", why="Kafka", until=until(settings.events_days)),
            Kept(where="topics decisions, actions", why="Kafka", until=until(settings.topic_days)),
            Kept(where="audit", why="a chain: without networks and reasons", until=None, rows=entries),
            Kept(where="counts across accounts", why="keyed hashes", until=until(_COUNTS_DAYS)),
            Kept(where="ids of effects", why="hashes", until=until(identity_days(settings))),
        ]
        if actions:
            why = "actions that the wallet has not done, or the newest"
            kept.append(
                Kept(where="wallet_actions", why=why, until=until(records_days(settings)), rows=actions)
            )
        if settings.erase_keeps_money_days:
            kept.append(
                Kept(
                    where="transactions",
                    why=f"a law asks for {settings.erase_keeps_money_days} days",
                    until=until(settings.activity_money_days),
                    rows=await _count(connection, activity, account_id),
                )
            )
        return kept


async def _count(connection: AsyncConnection, table: Table, account_id: str) -> int:
    query = select(func.count()).select_from(table).where(table.c.account_id == account_id)
    return int((await connection.execute(query)).scalar_one())


async def _require_nothing_standing(connection: AsyncConnection, account_id: str) -> None:
    standing = []
    if await holds.standing(connection, account_id) is not None:
        standing.append("its freeze")
    for payment in await held_payments.waiting(connection, account_id):
        due = datetime.fromtimestamp(payment.due_at, UTC)
        standing.append(f"a held payment, which ends by {due:%Y-%m-%d %H:%M} UTC at the latest")
    query = select(cases.c.case_id).where(cases.c.account_id == account_id, cases.c.state != "resolved")
    standing += [f"case {each}" for each in (await connection.execute(query)).scalars()]
    query = select(factor_resets.c.reset_id).where(
        factor_resets.c.account_id == account_id, factor_resets.c.state.in_(["requested", "approved"])
    )
    standing += [f"factor reset {each}" for each in (await connection.execute(query)).scalars()]
    if standing:
        raise StillStanding(f"these must end before the account can be erased: {'; '.join(standing)}")
