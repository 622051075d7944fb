"""A world of one attack, in which people ask for acts, allow them and take them back."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select

from services.attacks.act_tables import attack_act_accounts
from services.attacks.acts import SCOPES, ActName, AttackAct, act_of
from services.attacks.asking import ACT, RULE, ask, undo
from services.attacks.carrying import AttackActs
from services.cases.acts.situation import Ground
from services.cases.hold_service import HoldService
from services.cases.hold_tables import account_holds, approvals
from services.cases.unfreezing import Unfreezing
from services.platform.database import Database
from services.staff.members import Member, made
from tests.services.attacks.attacked import NOW

ZHOU, LI, WANG = (
    made("zhou.lei", "security", "Zhou Lei"),
    made("li.na", "senior", "Li Na"),
    made("wang.min", "agent", "Wang Min"),
)


@dataclass
class World:
    """An attack, and what carries acts on its accounts out, on a clock that stands."""

    database: Database
    now: float = NOW

    def __post_init__(self) -> None:
        ground = Ground(unfreezing=Unfreezing())
        self.acts = AttackActs(self.database, lambda: self.now, ground)
        self.holds = HoldService(self.database, lambda: self.now, acts={ACT: RULE})

    async def ask(self, act: ActName = "hold_money", by: Member = ZHOU, **more: Any) -> AttackAct:
        """Ask for an act."""
        said = {
            "act_id": secrets.token_hex(16),
            "attack_id": "W-118",
            "act": act,
            "scope": SCOPES[act],
            "hours": 6 if act == "hold_money" else None,
            "accounts": 0,
            "why": "they can pay",
            "asked_by": by.actor,
            "asked_at": self.now,
        }
        async with self.database.begin() as connection:
            return await ask(connection, AttackAct(**{**said, **more}), self.now)

    async def allow(self, act: AttackAct, by: Member = LI, decision: str = "approved") -> None:
        """Let somebody decide it."""
        query = select(approvals.c.approval_id).where(approvals.c.subject == act.act_id)
        async with self.database.read() as connection:
            approval_id = await connection.scalar(query)
        assert approval_id is not None
        await self.holds.decide(approval_id, by, decision)  # type: ignore[arg-type]

    async def done(self, act: ActName = "hold_money") -> AttackAct:
        """Ask for an act, allow it, and carry it out."""
        asked = await self.ask(act)
        await self.allow(asked)
        await self.later()
        return asked

    async def later(self, seconds: float = 31.0) -> None:
        """Let time pass and do what is due."""
        self.now += seconds
        while await self.acts.carry_out():
            pass

    async def undo(self, act: AttackAct, by: Member = LI) -> AttackAct | None:
        async with self.database.begin() as connection:
            return await undo(connection, act.act_id, by.actor, self.now)

    async def state(self, act: AttackAct) -> str:
        async with self.database.read() as connection:
            found = await act_of(connection, act.act_id)
        assert found is not None
        return found.state

    async def members(self, act: AttackAct) -> dict[str, str]:
        """Each account of the act, and its state with why it was left out."""
        of = attack_act_accounts.c
        query = select(of.account_id, of.state, of.why).where(of.act_id == act.act_id)
        async with self.database.read() as connection:
            rows = (await connection.execute(query)).all()
        return {row.account_id: f"{row.state} {row.why or ''}".strip() for row in rows}

    async def all(self, query: Any) -> Sequence[Any]:
        async with self.database.read() as connection:
            return list((await connection.execute(query)).scalars())

    async def frozen(self) -> set[str]:
        """Accounts whose money is stopped."""
        return set(
            await self.all(select(account_holds.c.account_id).where(account_holds.c.released_at.is_(None)))
        )
