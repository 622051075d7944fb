"""What a right or a wrong code does to its factor, in one statement each: burn the step, or count the failure.

Failures in a row lock the factor, whoever made them. Those of strangers are counted apart, since the last pass: with them the
locks grow longer, and at STRANGER_FAILURES only known devices and recovery codes may go on. A known device's failures are
counted with the device (`limits`), so that nobody who lacks it can use up its tries. Every function works in the caller's
transaction.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

from sqlalchemy import BigInteger, Double, Integer, and_, bindparam, case, select, true, update
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.sql.dml import ReturningUpdate

from services.mfa import totp
from services.mfa.changes import News, tell
from services.mfa.limit_tables import factor_devices
from services.mfa.limits import DEVICE_FAILURES, KNOWN_S
from services.mfa.records import RECOVERY_STEP, STRANGER_FAILURES, Check, Factor, Result
from services.mfa.recovery import left
from services.mfa.tables import factors

#: Consecutive failures that lock a factor, and for how long.
LOCK_AFTER = 5
LOCK_S = 1800.0
#: From so many failures of strangers on, each lock lasts twice as long as the one before, a day at most.
SLOWING_AFTER = 25
LONGEST_LOCK_S = 86_400.0


@dataclass(frozen=True)
class Means:
    """By which means a code is offered: on a device that is `known`, and whether that or a recovery code alone lets it in
    while the factor is locked."""

    known: bool = False
    let_in: bool = False


def lock_s(failures: int) -> float:
    """How long a lock lasts after so many failures of strangers, in seconds."""
    doublings = max(0, (failures - SLOWING_AFTER) // LOCK_AFTER + 1)
    return min(LOCK_S * 2.0**doublings, LONGEST_LOCK_S)


async def burn(connection: AsyncConnection, factor: Factor, stage: str, step: int, means: Means) -> bool:
    """ONE compare-and-set: whoever burns the step has passed. A recovery code, burnt already, clears the failures."""
    about = {"factor_id": factor.id, "stage": stage, "step": step, "was_locked_until": factor.locked_until}
    by_recovery = step == RECOVERY_STEP
    statement = _burning(by_recovery, by_recovery or means.known or means.let_in)
    return (await connection.execute(statement, about)).first() is not None


async def count(
    connection: AsyncConnection, factor: Factor, stage: str, result: Result, means: Means, at: float
) -> Check:
    """Count a failure with the factor. One that others made locked meanwhile was compared with nothing."""
    if means.let_in:
        return Check(result=result, factor_id=factor.id)
    about = {
        "factor_id": factor.id,
        "stage": stage,
        "was_locked_until": factor.locked_until,
        "at": at,
        "strange": int(not means.known),
    }
    row = (await connection.execute(_counting(), about)).first()
    if row is None:
        return Check(result="locked", factor_id=factor.id)
    locks = row.locked_until > factor.locked_until
    shuts = row.failures_total >= STRANGER_FAILURES > factor.failures_total
    return Check(
        result=result,
        factor_id=factor.id,
        locked_until=row.locked_until if locks else None,
        shuts=shuts,
    )


async def hint(connection: AsyncConnection, factor: Factor, skewed: int, at: float) -> Check:
    """Refuse a code of another time and say so. One whose time is still to come is void then: the hint is worth nothing to
    who guessed it."""
    away = skewed - totp.step_at(at)
    if away > 0:
        await connection.execute(update(factors).where(factors.c.id == factor.id).values(hinted_step=skewed))
    return Check(result="skewed", factor_id=factor.id, skew_steps=away)


async def has_way(connection: AsyncConnection, factor: Factor, at: float) -> bool:
    """Whether anything may still pass when strangers may not: a device that is known, or a recovery code."""
    return await _has_known_device(connection, factor.id, at) or await left(connection, factor.account_id) > 0


async def _has_known_device(connection: AsyncConnection, factor_id: str, at: float) -> bool:
    table = factor_devices
    known = and_(table.c.passed_at > at - KNOWN_S, table.c.failures < DEVICE_FAILURES)
    query = select(table.c.device).where(table.c.factor_id == factor_id, known).limit(1)
    return (await connection.execute(query)).first() is not None


async def disable(connection: AsyncConnection, factor: Factor, at: float) -> None:
    """End the factor that nothing can pass, and tell stream and owner: nobody is asked for its code from then on."""
    mine = and_(factors.c.id == factor.id, factors.c.state == "active")
    ended = update(factors).where(mine).values(state="disabled").returning(factors.c.id)
    if (await connection.execute(ended)).first() is not None:
        about = f"{factor.id}\x00no way in"
        await tell(connection, factor.account_id, "totp_disabled", about, News(at=at), "factor_disabled")


async def tell_locked(connection: AsyncConnection, account_id: str, check: Check, at: float) -> None:
    """Tell the stream and the owner what a failure did to the factor."""
    about = f"{check.factor_id}\x00{at}"
    if check.shuts:
        await tell(connection, account_id, "totp_locked", about, News(at=at), "factor_shut")
    elif check.locked_until is not None:
        news = News(at=at, due_at=check.locked_until)
        await tell(connection, account_id, "totp_locked", about, news, "factor_locked")


@cache
def _burning(by_recovery: bool, let_in: bool) -> ReturningUpdate[Any]:
    """The statement for a right code; made once, for that takes longer than to run it."""
    table, step = factors.c, bindparam("step", type_=BigInteger)
    fresh = true() if by_recovery else and_(table.last_step < step, table.hinted_step != step)
    open_to_all = and_(
        table.locked_until == bindparam("was_locked_until"), table.failures_total < STRANGER_FAILURES
    )
    return (
        update(factors)
        .where(
            table.id == bindparam("factor_id"),
            table.state == bindparam("stage"),
            fresh,
            true() if let_in else open_to_all,
        )
        .values(last_step=table.last_step if by_recovery else step, failures_in_row=0, failures_total=0)
        .returning(table.id)
    )


@cache
def _counting() -> ReturningUpdate[Any]:
    table, at = factors.c, bindparam("at", type_=Double)
    in_row, total = table.failures_in_row + 1, table.failures_total + bindparam("strange", type_=Integer)
    longer = range(STRANGER_FAILURES, SLOWING_AFTER - 1, -LOCK_AFTER)
    lasting = case(*((total >= failures, lock_s(failures)) for failures in longer), else_=LOCK_S)
    locks = in_row >= LOCK_AFTER
    return (
        update(factors)
        .where(
            table.id == bindparam("factor_id"),
            table.state == bindparam("stage"),
            table.locked_until == bindparam("was_locked_until"),
            table.failures_total < STRANGER_FAILURES,
        )
        .values(
            failures_in_row=case((locks, 0), else_=in_row),
            failures_total=total,
            locked_until=case((locks, at + lasting), else_=table.locked_until),
        )
        .returning(table.failures_total, table.locked_until)
    )
