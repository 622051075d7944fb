"""Checking a code against a factor: the one statement that burns a step or counts a failure.

Every function works inside the caller's transaction, so a code's step, the challenge, the audit row and the outgoing
event become true together or not at all.
"""

from __future__ import annotations

from typing import Any, Literal

from sqlalchemy import and_, case, false, literal, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from services.challenges import totp
from services.challenges.factors import PENDING_S
from services.challenges.records import Check, Factor, Result
from services.challenges.tables import factors
from services.challenges.vault import Vault

#: Consecutive failures that lock a factor, and for how long.
LOCK_AFTER = 5
LOCK_S = 1800.0
#: Failures since the last pass that disable a factor for good (NIST SP 800-63B-4 section 3.2.2).
DISABLE_AFTER = 100
#: Compared when there is nothing to compare with, so that a missing factor takes as long as a wrong code.
_NOBODYS_SECRET = "A" * 32

Stage = Literal["pending", "active"]


async def check_code(
    connection: AsyncConnection, vault: Vault, account_id: str, stage: Stage, code: str, at: float
) -> Check:
    """Compare the code with the account's factor at this stage, and burn its step or count the failure.

    A locked or lapsed factor is not compared with. A code that only a wrong clock explains is refused without
    counting towards the lock: guessing gains nothing by it, and our own clock cannot lock everyone out.
    """
    factor = await _take(connection, account_id, stage)
    idle = _idle(factor, stage, at)
    if factor is None or idle is not None:
        _compare(_NOBODYS_SECRET, code, at)
        return Check(result=idle or "no_factor", factor_id=None if factor is None else factor.id)
    secret = vault.open(account_id, factor.sealed)
    step, skewed = _compare(secret, code, at)
    if skewed is not None and skewed > factor.last_step:
        return Check(result="skewed", factor_id=factor.id, skew_steps=skewed - totp.step_at(at))
    return await _burn_or_count(connection, factor.id, stage, step, at)


async def is_code_of_step(
    connection: AsyncConnection, vault: Vault, account_id: str, code: str, step: int
) -> Check:
    """Whether this is the code of a step that was burnt before; counts nothing."""
    factor = await _take(connection, account_id, "active")
    secret = _NOBODYS_SECRET if factor is None else vault.open(account_id, factor.sealed)
    same = totp.matched_step(secret, code, step * totp.STEP_S, window=0) is not None
    if factor is None or not same:
        return Check(result="closed", factor_id=None if factor is None else factor.id)
    return Check(result="repeated", factor_id=factor.id, step=step)


async def _take(connection: AsyncConnection, account_id: str, stage: Stage) -> Factor | None:
    query = select(factors).where(factors.c.account_id == account_id, factors.c.state == stage)
    row = (await connection.execute(query.with_for_update())).first()
    if row is None:
        return None
    return Factor(
        id=row.id,
        account_id=row.account_id,
        sealed=row.secret,
        last_step=row.last_step,
        locked_until=row.locked_until,
        created_at=row.created_at,
    )


def _idle(factor: Factor | None, stage: Stage, at: float) -> Result | None:
    if factor is None:
        return "no_factor"
    if factor.locked_until > at:
        return "locked"
    return "lapsed" if stage == "pending" and factor.created_at + PENDING_S <= at else None


def _compare(secret: str, code: str, at: float) -> tuple[int | None, int | None]:
    step = totp.matched_step(secret, code, at)
    skewed = totp.skewed_step(secret, code, at)
    return step, skewed if step is None else None


async def _burn_or_count(
    connection: AsyncConnection, factor_id: str, stage: Stage, step: int | None, at: float
) -> Check:
    """ONE compare-and-set: whoever burns the step has passed; everyone else has failed once more."""
    burns: Any = false() if step is None else factors.c.last_step < literal(step)
    in_row, total = factors.c.failures_in_row + 1, factors.c.failures_total + 1
    confirms = and_(burns, factors.c.state == "pending")
    statement = (
        update(factors)
        .where(factors.c.id == factor_id, factors.c.state == stage, factors.c.locked_until <= at)
        .values(
            last_step=case((burns, step), else_=factors.c.last_step),
            failures_in_row=case((or_(burns, in_row >= LOCK_AFTER), 0), else_=in_row),
            failures_total=case((burns, 0), else_=total),
            locked_until=case(
                (burns, 0.0), (in_row >= LOCK_AFTER, at + LOCK_S), else_=factors.c.locked_until
            ),
            state=case((burns, "active"), (total >= DISABLE_AFTER, "disabled"), else_=factors.c.state),
            confirmed_at=case((confirms, at), else_=factors.c.confirmed_at),
        )
        .returning(factors.c.failures_total, factors.c.locked_until)
    )
    row = (await connection.execute(statement)).first()
    if row is None:
        return Check(result="locked", factor_id=factor_id)
    if row.failures_total == 0:
        return Check(result="passed", factor_id=factor_id, step=step)
    result: Result = "wrong" if step is None else "replayed"
    return Check(result=result, factor_id=factor_id, step=step, locks=row.locked_until > at)
