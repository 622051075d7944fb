"""An act on all accounts of an attack at once: what it is, whom it is for, and how far it is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal, get_args

from msgspec import Struct
from sqlalchemy import ColumnElement, Select, exists, func, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.decisions import derived_id, effect_id
from services.attacks.act_tables import attack_act_accounts, attack_acts
from services.attacks.tables import attack_accounts
from services.cases import approvals
from services.cases.holds import AccountHold

ActName = Literal["require_factor", "end_sessions", "hold_money", "tell_owners"]
ACT_NAMES: tuple[ActName, ...] = get_args(ActName)
Scope = Literal["gave_way", "touched"]
#: Whom each act is for: a code is asked of everybody whose account was tried, the rest is for accounts that gave way.
SCOPES: Mapping[ActName, Scope] = {
    "require_factor": "touched",
    "end_sessions": "gave_way",
    "hold_money": "gave_way",
    "tell_owners": "gave_way",
}
State = Literal["waiting", "leaving", "done", "undoing", "undone", "refused", "lapsed", "over"]
#: For so many hours money may be held.
HOURS = (1, 6, 24)
#: Nothing more is to be done of these.
_PAST: tuple[State, ...] = ("undone", "refused", "lapsed", "over")


class AttackAct(Struct, frozen=True, kw_only=True):
    """An act as its table has it; times in epoch seconds."""

    act_id: str
    attack_id: str
    act: ActName
    scope: Scope
    accounts: int
    why: str
    asked_by: str
    asked_at: float
    hours: int | None = None
    allowed_by: str | None = None
    allowed_at: float | None = None
    leaves_at: float | None = None
    until: float | None = None
    undone_by: str | None = None
    undone_at: float | None = None
    ended_at: float | None = None
    state: State = "waiting"

    def waits(self, now: float) -> bool:
        """Whether a second person has still to allow it."""
        return self.state == "waiting" and now < self.asked_at + approvals.LIFETIME_S

    def undoable_s(self, now: float) -> int:
        """For how many seconds it can be taken back before anything leaves."""
        if self.state != "leaving" or self.leaves_at is None:
            return 0
        return max(0, round(self.leaves_at - now))

    def releasable(self, now: float) -> bool:
        """Whether money that it holds can be let go early."""
        held = self.act == "hold_money" and self.until is not None and now < self.until
        return held and (self.state == "done" or (self.state == "leaving" and not self.undoable_s(now)))

    def event_of(self, account_id: str) -> str:
        """The event of the act on this account: the same on every try, and so are the actions that follow from it."""
        return derived_id(f"{self.act_id}\x00{account_id}", self.act)


async def act_of(connection: AsyncConnection, act_id: str, *, lock: bool = False) -> AttackAct | None:
    """The act of that id."""
    query = select(attack_acts).where(attack_acts.c.act_id == act_id)
    row = (await connection.execute(query.with_for_update() if lock else query)).mappings().one_or_none()
    return None if row is None else AttackAct(**row)


async def acts_of(connection: AsyncConnection, attack_id: str) -> Sequence[AttackAct]:
    """The acts of an attack, the newest first."""
    query = select(attack_acts).where(attack_acts.c.attack_id == attack_id)
    rows = await connection.execute(query.order_by(attack_acts.c.asked_at.desc()).limit(50))
    return [AttackAct(**row) for row in rows.mappings()]


async def progress_of(
    connection: AsyncConnection, attack_id: str
) -> Mapping[str, Mapping[tuple[str, str], int]]:
    """By act: how many of its accounts are in which state, and why they were left out."""
    of = attack_act_accounts.c
    query = (
        select(of.act_id, of.state, of.why, func.count())
        .join(attack_acts, attack_acts.c.act_id == of.act_id)
        .where(attack_acts.c.attack_id == attack_id)
        .group_by(of.act_id, of.state, of.why)
    )
    found: dict[str, dict[tuple[str, str], int]] = {}
    for act_id, state, why, count in await connection.execute(query):
        found.setdefault(act_id, {})[state, why or ""] = int(count)
    return found


def wanted(attack_id: str, act: ActName) -> Select[tuple[str]]:
    """The accounts that the act would be for now, in an order that stays: those of its scope for which it does not stand."""
    of, mine = attack_accounts.c, attack_act_accounts.c
    stands = exists().where(
        mine.account_id == of.account_id,
        mine.act_id == attack_acts.c.act_id,
        mine.state.in_(("waiting", "done", "skipped", "kept")),
        attack_acts.c.attack_id == attack_id,
        attack_acts.c.act == act,
        attack_acts.c.state.not_in(_PAST),
    )
    return (
        select(of.account_id).where(of.attack_id == attack_id, in_scope(act), ~stands).order_by(of.account_id)
    )


def in_scope(act: ActName) -> ColumnElement[bool]:
    """Whether an account of the attack is one that the act is for."""
    gave_way = attack_accounts.c.gave_way_at.is_not(None)
    return gave_way if SCOPES[act] == "gave_way" else or_(gave_way, attack_accounts.c.gave_way_at.is_(None))


async def counts_of(connection: AsyncConnection, attack_id: str) -> Mapping[ActName, int]:
    """For how many accounts each act would be now. One statement."""
    columns: list[Any] = [
        select(func.count())
        .select_from(wanted(attack_id, act).order_by(None).subquery())
        .scalar_subquery()
        .label(act)
        for act in ACT_NAMES
    ]
    row = (await connection.execute(select(*columns))).one()
    return dict(zip(ACT_NAMES, (int(each) for each in row), strict=True))


async def held_until(connection: AsyncConnection, hold: AccountHold) -> float | None:
    """When this freeze ends by itself, as it was placed by an act on all accounts of an attack; None for any other."""
    mine = attack_act_accounts.c
    query = select(attack_acts).join(attack_act_accounts, mine.act_id == attack_acts.c.act_id)
    these = mine.account_id == hold.account_id, mine.state == "done", attack_acts.c.act == "hold_money"
    for row in (await connection.execute(query.where(*these))).mappings():
        act = AttackAct(**row)
        if hold.hold_id == effect_id(hold.account_id, act.event_of(hold.account_id), "freeze"):
            return act.until
    return None
