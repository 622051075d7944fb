"""Acts on all accounts of an attack, carried out account by account, whoever is killed: each once, and all of them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from msgspec.structs import replace
from sqlalchemy import func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from services.attacks import deeds
from services.attacks.act_tables import attack_act_accounts, attack_acts
from services.attacks.acts import AttackAct, act_of
from services.attacks.asking import keep, lapse, noted
from services.attacks.keeping import BY_ITSELF
from services.cases import holds
from services.cases.acts.situation import Ground
from services.platform.database import Database
from services.platform.progress import Progress
from services.platform.retry import repeat

#: So many accounts of one act before others have their turn.
_AT_ONCE = 200
_EVERY_S = 1.0


class AttackActs:
    """Carries out what was allowed. Every method raises Unavailable when the database is away."""

    def __init__(self, database: Database, clock: Callable[[], float], ground: Ground) -> None:
        """`ground` asks owners for codes."""
        self._database = database
        self._clock = clock
        self._ground = ground

    async def run(self, progress: Progress) -> None:
        """Go on until cancelled; a database that is away is waited for."""

        async def step() -> int:
            done = await self.carry_out()
            progress.worked()
            return done

        await repeat(step, asyncio.Event(), progress.failed, _EVERY_S)

    async def carry_out(self) -> int:
        """Go on with all that is due; how many accounts and acts were worked on."""
        now = self._clock()
        async with self._database.begin() as connection:
            await lapse(connection, now)
        worked = 0
        for act_id in await self._due(now):
            worked += await self._carry(act_id)
        return worked

    async def _due(self, now: float) -> list[str]:
        of = attack_acts.c
        leaves = (of.state == "leaving") & (of.leaves_at <= now)
        ends = (of.state == "done") & (of.until <= now)
        query = select(of.act_id).where(or_(leaves, ends, of.state == "undoing"))
        async with self._database.read() as connection:
            return list((await connection.execute(query.order_by(of.asked_at, of.act_id))).scalars())

    async def _carry(self, act_id: str) -> int:
        """At most a part of the act's accounts, each in one transaction with noting it."""
        async with self._database.read() as connection:
            act = await act_of(connection, act_id)
            if act is None:
                return 0
            names = await _next(connection, act)
        for account_id in names:
            async with self._database.begin() as connection:
                if not await self._one(connection, act_id, account_id):
                    return len(names)
        if len(names) < _AT_ONCE:
            async with self._database.begin() as connection:
                await self._finish(connection, act_id)
        return len(names) + 1

    async def _one(self, connection: AsyncConnection, act_id: str, account_id: str) -> bool:
        """Whether the act goes on: somebody may have taken it back, or be at the same account."""
        act, now = await act_of(connection, act_id, lock=True), self._clock()
        if act is None or not _goes_on(act, now):
            return False
        mine = attack_act_accounts.c.act_id == act_id, attack_act_accounts.c.account_id == account_id
        query = select(attack_act_accounts.c.state).where(*mine).with_for_update()
        if await connection.scalar(query) != _takes(act):
            return True
        if act.state == "leaving":
            skipped = await deeds.do(connection, self._ground, act, account_id, now)
            state, why = ("skipped", skipped) if skipped else ("done", None)
        else:
            by = act.undone_by or holds.DEADLINE
            state, why = await deeds.let_go(connection, act, account_id, by, now), None
        changed = update(attack_act_accounts).where(*mine)
        await connection.execute(changed.values(state=state, why=why, at=now))
        return True

    async def _finish(self, connection: AsyncConnection, act_id: str) -> None:
        """The act, once nothing of it is left to do."""
        act, now = await act_of(connection, act_id, lock=True), self._clock()
        if act is None or not _goes_on(act, now) or await _next(connection, act):
            return
        if act.state == "undoing":
            changed, what, by = replace(act, state="undone", ended_at=now), "act_undone", act.undone_by
        elif act.state == "done":
            changed, what, by = replace(act, state="over", ended_at=now), "act_over", BY_ITSELF
        else:
            changed, what, by = replace(act, state="done", ended_at=now), "act_done", act.allowed_by
        await keep(connection, changed)
        counts = await _counts(connection, act_id)
        await noted(connection, changed, what, by or BY_ITSELF, now, counts=counts)


def _goes_on(act: AttackAct, now: float) -> bool:
    if act.state == "leaving":
        return act.leaves_at is not None and act.leaves_at <= now
    if act.state == "done":
        return act.until is not None and act.until <= now
    return act.state == "undoing"


def _takes(act: AttackAct) -> str:
    """The state of accounts that are next."""
    return "waiting" if act.state == "leaving" else "done"


async def _next(connection: AsyncConnection, act: AttackAct) -> list[str]:
    of = attack_act_accounts.c
    query = select(of.account_id).where(of.act_id == act.act_id, of.state == _takes(act))
    return list((await connection.execute(query.order_by(of.account_id).limit(_AT_ONCE))).scalars())


async def _counts(connection: AsyncConnection, act_id: str) -> dict[str, int]:
    of = attack_act_accounts.c
    query = select(of.state, func.count()).where(of.act_id == act_id).group_by(of.state)
    return {state: int(count) for state, count in await connection.execute(query)}
