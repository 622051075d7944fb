"""Asking for an act on all accounts of an attack, allowing it by another, and taking it back."""

from __future__ import annotations

from msgspec import json
from msgspec.structs import asdict, replace
from sqlalchemy import insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from services.attacks.act_tables import attack_act_accounts, attack_acts
from services.attacks.acts import AttackAct, act_of, wanted
from services.attacks.keeping import BY_ITSELF, note
from services.audit import audit_log
from services.cases import approvals
from services.cases.approvals import Act, ActRule, Approval, NothingLeft
from services.cases.end_notices import TAKE_BACK_S
from services.cases.hold_service import NotAllowed
from services.http.api_keys import Acting
from services.platform.database import insert_new

ACT: Act = "attack_act"
#: So many accounts at most: for more, change the policy.
MOST = 50_000
#: The roles of people who ask for such an act and allow it; no key does.
ROLES = ("senior", "security", "admin")
_PART = 500


class AskedAlready(Exception):
    """Somebody asked for the same act, and it waits or is being carried out."""

    def __init__(self, known: AttackAct) -> None:
        super().__init__(f"{known.asked_by} asked for it already")
        self.known = known


async def ask(connection: AsyncConnection, asked: AttackAct, now: float) -> AttackAct:
    """Ask a second person to allow it, for all accounts that it would be for now; the same `act_id` is the same act.

    Raises AskedAlready, and NothingLeft where there is no account for it.
    """
    known = await act_of(connection, asked.act_id)
    if known is not None:
        return known
    await lapse(connection, now)
    under_way = await _under_way(connection, asked)
    if under_way is not None:
        raise AskedAlready(under_way)
    accounts = list((await connection.execute(wanted(asked.attack_id, asked.act).limit(MOST))).scalars())
    if not accounts:
        raise NothingLeft("there is no account for which it was not done already")
    made = replace(asked, accounts=len(accounts), asked_at=now, state="waiting")
    new = insert_new(attack_acts).returning(attack_acts.c.act_id)
    if (await connection.execute(new, [asdict(made)])).scalar_one_or_none() is None:
        raise NothingLeft("somebody asked for it at the same time: look again")
    for first in range(0, len(accounts), _PART):
        rows = [
            {"act_id": made.act_id, "account_id": each, "state": "waiting"}
            for each in accounts[first : first + _PART]
        ]
        await connection.execute(insert(attack_act_accounts), rows)
    approval = await approvals.ask(connection, ACT, made.act_id, "", made.asked_by, made.why, now)
    await noted(connection, made, "act_asked", made.asked_by, now)
    await audit_log.record(connection, approvals.entry(approval, now))
    return made


async def undo(connection: AsyncConnection, act_id: str, by: str, now: float) -> AttackAct | None:
    """Withdraw what waits, take back what has not left, or let go what is held early; None where nothing of that can be done."""
    # The approval first, as whoever decides has it: never the one by the other's back.
    await approvals.end(connection, ACT, act_id, now)
    found = await act_of(connection, act_id, lock=True)
    if found is None:
        return None
    if found.waits(now) or found.undoable_s(now):
        return await _ended(connection, found, "undone", by, now)
    if found.releasable(now):
        mine = attack_act_accounts.c.act_id == act_id, attack_act_accounts.c.state == "waiting"
        await connection.execute(update(attack_act_accounts).where(*mine).values(state="undone", at=now))
        changed = replace(found, state="undoing", undone_by=by, undone_at=now)
        await keep(connection, changed)
        await noted(connection, changed, "act_undoing", by, now)
        return changed
    return None


async def lapse(connection: AsyncConnection, now: float) -> None:
    """End what nobody allowed in time."""
    over = attack_acts.c.asked_at <= now - approvals.LIFETIME_S
    query = (
        select(attack_acts).where(attack_acts.c.state == "waiting", over).with_for_update(skip_locked=True)
    )
    for row in (await connection.execute(query)).mappings().all():
        await _ended(connection, AttackAct(**row), "lapsed", BY_ITSELF, now)


async def keep(connection: AsyncConnection, changed: AttackAct) -> None:
    """Write the act as it is now."""
    await connection.execute(
        update(attack_acts).where(attack_acts.c.act_id == changed.act_id).values(asdict(changed))
    )


async def noted(
    connection: AsyncConnection, act: AttackAct, what: str, by: str, now: float, **more: object
) -> None:
    """Into the attack's log and into the audit, in the transaction of the deed."""
    detail = {"act": act.act, "accounts": act.accounts, "hours": act.hours, "why": act.why, **more}
    told = {name: value for name, value in detail.items() if value not in (None, "")}
    await note(connection, act.attack_id, now, what, by, json.encode(told).decode())
    said = f"attack {act.attack_id}, act {act.act_id}, {act.accounts} accounts"
    entry = audit_log.Entry(
        at=now, action=f"attack_{act.act}", result=what.removeprefix("act_"), actor=by, reason=said
    )
    await audit_log.record(connection, entry)


async def _allowed(connection: AsyncConnection, approval: Approval, by: Acting, now: float, /) -> None:
    _require(by)
    found = await act_of(connection, approval.subject, lock=True)
    if found is None or found.state != "waiting":
        raise NothingLeft("it was taken back, or is done")
    leaves_at = now + TAKE_BACK_S
    changed = replace(
        found,
        state="leaving",
        allowed_by=by.actor,
        allowed_at=now,
        leaves_at=leaves_at,
        until=None if found.hours is None else leaves_at + 3600.0 * found.hours,
    )
    await keep(connection, changed)
    await noted(connection, changed, "act_allowed", by.actor, now)


async def _refused(connection: AsyncConnection, approval: Approval, by: Acting, now: float, /) -> None:
    _require(by)
    found = await act_of(connection, approval.subject, lock=True)
    if found is not None and found.state == "waiting":
        await _ended(connection, found, "refused", by.actor, now)


#: What follows when a second person has decided.
RULE = ActRule(_allowed, _refused)


def _require(by: Acting) -> None:
    if getattr(by, "role", None) not in ROLES:
        raise NotAllowed(f"deciding an act on all accounts of an attack needs the role {' or '.join(ROLES)}")


async def _under_way(connection: AsyncConnection, asked: AttackAct) -> AttackAct | None:
    query = select(attack_acts).where(
        attack_acts.c.attack_id == asked.attack_id,
        attack_acts.c.act == asked.act,
        attack_acts.c.state.in_(("waiting", "leaving", "undoing")),
    )
    row = (await connection.execute(query)).mappings().first()
    return None if row is None else AttackAct(**row)


async def _ended(connection: AsyncConnection, act: AttackAct, state: str, by: str, now: float) -> AttackAct:
    """Nothing of it was done, and nothing will be."""
    mine = attack_act_accounts.c.act_id == act.act_id, attack_act_accounts.c.state == "waiting"
    await connection.execute(update(attack_act_accounts).where(*mine).values(state="undone", at=now))
    changed = replace(act, state=state, undone_by=by, undone_at=now, ended_at=now)
    await keep(connection, changed)
    await noted(connection, changed, f"act_{state}", by, now)
    return changed
