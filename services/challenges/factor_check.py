"""Checking a code against a factor: the one statement that burns a step or counts a failure.

Every function works inside the caller's transaction, so a code's step, the challenge, the audit row and the outgoing
event become true together or not at all.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache
from typing import Any, Literal

from sqlalchemy import BigInteger, and_, bindparam, case, false, not_, or_, select, true, update
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.sql.dml import ReturningUpdate

from services.challenges import totp
from services.challenges.changes import News, tell
from services.challenges.factor_records import PENDING_S
from services.challenges.limit_records import Booking, Seen, Visitor
from services.challenges.limits import Limits
from services.challenges.records import RECOVERY_STEP, Check, Context, Factor, Result
from services.challenges.recovery import is_recovery_code, use
from services.challenges.tables import factors
from services.challenges.vault import Vault
from services.metrics import KNOWN_DEVICE_CODES

#: Consecutive failures that lock a factor, and for how long.
LOCK_AFTER = 5
LOCK_S = 1800.0
#: Failures since the last pass that disable a factor for good (NIST SP 800-63B-4 section 3.2.2).
DISABLE_AFTER = 100
#: Compared when there is nothing to compare with, so that a missing factor takes as long as a wrong code.
_NOBODYS_SECRET = "A" * 32

Stage = Literal["pending", "active"]


@dataclass(frozen=True)
class Try:
    """One code offered for an account's factor: by whom, at epoch seconds `at`, and what its network paid for it."""

    account_id: str
    stage: Stage
    code: str
    context: Context
    visitor: Visitor
    at: float
    booking: Booking

    def __repr__(self) -> str:
        return "Try(...)"


class CodeChecker:
    """Judges codes against factors, within the limits. Everybody who checks a code does it here: the counters are shared."""

    def __init__(self, vault: Vault, limits: Limits) -> None:
        self.vault = vault
        self.limits = limits

    async def check(
        self,
        connection: AsyncConnection,
        account_id: str,
        stage: Stage,
        code: str,
        context: Context,
        at: float,
    ) -> Check:
        """Compare the code with the account's factor at this stage, and burn it or count the failure, here and in the limits.

        `code` is six ASCII digits or a recovery code. A locked or lapsed factor is not compared with, unless the context
        names a device that is known. A code that only a wrong clock explains is refused without counting: guessing gains
        nothing by it, and our own clock cannot lock everyone out. Raises SlowDown when a limit is reached, VaultClosed when
        the secret does not open.
        """
        factor = await _take(connection, account_id, stage)
        visitor = self.limits.visitor(account_id, context)
        seen = await self.limits.look(connection, visitor, None if factor is None else factor.id)
        booking = await self.limits.book(connection, visitor, at)
        offered = Try(account_id, stage, code, context, visitor, at, booking)
        return await self._check(connection, offered, factor, seen)

    async def check_read(
        self, connection: AsyncConnection, offered: Try, factor: Factor | None, seen: Seen
    ) -> Check:
        """As `check`, of a factor that was read and not locked; where that matters it is read again."""
        if factor is not None and (
            factor.locked_until > offered.at or offered.booking.limit or is_recovery_code(offered.code)
        ):
            factor = await _take(connection, offered.account_id, offered.stage)
            seen = await self.limits.look(connection, offered.visitor, None if factor is None else factor.id)
        return await self._check(connection, offered, factor, seen)

    async def refuse(self, connection: AsyncConnection, result: Result, offered: Try, seen: Seen) -> Check:
        """Refuse a code that there is no factor to compare with, as slowly and counted by the limits. Raises SlowDown."""
        self.limits.admit(seen, offered.booking, offered.at)
        await _compare_in_vain(connection, offered.code, offered.at)
        await self.limits.refused(connection, offered.visitor, offered.booking, offered.at)
        return Check(result=result)

    async def recheck(
        self,
        connection: AsyncConnection,
        offered: Try,
        factor: Factor | None,
        seen: Seen,
        step: int,
        same_recovery_code: bool,
    ) -> Check:
        """Whether this is the code that was accepted before: the one of `step`, or the recovery code that the caller knows.

        No limit stands in the way of the answer that was lost. Whoever lost it may read the authenticator's next code
        meanwhile: that is judged like any, and a right one is burnt and gets the same answer.
        """
        same = same_recovery_code
        if factor is not None and step != RECOVERY_STEP:
            secret = self.vault.open(offered.account_id, factor.sealed)
            same = totp.matched_step(secret, offered.code, step * totp.STEP_S, window=0) is not None
        factor_id = None if factor is None else factor.id
        if factor is not None and same:
            await self.limits.give_back(connection, offered.visitor, offered.booking)
            return Check(result="repeated", factor_id=factor_id, step=step)
        if is_recovery_code(offered.code):
            await self.limits.refused(connection, offered.visitor, offered.booking, offered.at)
            return Check(result="closed", factor_id=factor_id)
        check = await self.check_read(connection, offered, factor, seen)
        return replace(check, result="repeated") if check.result == "passed" else check

    async def _check(
        self, connection: AsyncConnection, offered: Try, factor: Factor | None, seen: Seen
    ) -> Check:
        visitor, booking, at = offered.visitor, offered.booking, offered.at
        admission = self.limits.admit(seen, booking, at)
        idle = _idle(factor, offered.stage, at)
        locked = idle == "locked"
        if factor is None or (idle is not None and not (locked and admission.known_device)):
            await _compare_in_vain(connection, offered.code, at)
            check = Check(result=idle or "no_factor", factor_id=None if factor is None else factor.id)
        else:
            check = await self._compared(connection, offered, factor, locked)
            check = replace(check, known_device=locked or admission.barred)
            await self._note(connection, offered, seen, factor.id, check)
        if check.result in ("passed", "skewed"):
            await self.limits.give_back(connection, visitor, booking)
        else:
            await self.limits.refused(connection, visitor, booking, at)
        await _tell(connection, offered.account_id, check, at)
        return check

    async def _compared(
        self, connection: AsyncConnection, offered: Try, factor: Factor, locked: bool
    ) -> Check:
        code, at = offered.code, offered.at
        step: int | None
        if is_recovery_code(code):
            used = offered.stage == "active" and await use(
                connection, factor.account_id, code, at, offered.context
            )
            step = RECOVERY_STEP if used else None
        else:
            secret = self.vault.open(factor.account_id, factor.sealed)
            step, skewed = compare(secret, code, at)
            if skewed is not None and skewed > factor.last_step:
                return await _hint(connection, factor, skewed, at)
        return await _burn_or_count(connection, factor, offered.stage, step, locked, at)

    async def _note(
        self, connection: AsyncConnection, offered: Try, seen: Seen, factor_id: str, check: Check
    ) -> None:
        passed = check.result == "passed"
        if passed:
            await self.limits.passed(connection, offered.visitor, seen, factor_id, offered.at)
        elif check.known_device:
            await self.limits.spend_try(connection, offered.visitor, factor_id, offered.at)
        if check.known_device:
            KNOWN_DEVICE_CODES.labels("passed" if passed else "refused").inc()


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
        hinted_step=row.hinted_step,
        locked_until=row.locked_until,
        created_at=row.created_at,
    )


def _idle(factor: Factor | None, stage: Stage, at: float) -> Result | None:
    if factor is None:
        return "no_factor"
    if factor.locked_until > at:
        return "locked"
    return "lapsed" if stage == "pending" and factor.created_at + PENDING_S <= at else None


def compare(secret: str, code: str, at: float) -> tuple[int | None, int | None]:
    """The step whose code this is at epoch seconds `at`, and else the one that a wrong clock would explain."""
    step = totp.matched_step(secret, code, at)
    return step, totp.skewed_step(secret, code, at) if step is None else None


async def _tell(connection: AsyncConnection, account_id: str, check: Check, at: float) -> None:
    """Tell the stream and the owner that failures locked or disabled the factor."""
    about = f"{check.factor_id}\x00{at}"
    if check.disables:
        await tell(connection, account_id, "totp_disabled", about, News(at=at), "factor_disabled")
    elif check.locks:
        await tell(
            connection, account_id, "totp_locked", about, News(at=at, due_at=at + LOCK_S), "factor_locked"
        )


async def _compare_in_vain(connection: AsyncConnection, code: str, at: float) -> None:
    """Take as long as a comparison does."""
    if is_recovery_code(code):
        await use(connection, "", code, at)
    else:
        compare(_NOBODYS_SECRET, code, at)


async def _burn_or_count(
    connection: AsyncConnection, factor: Factor, stage: Stage, step: int | None, locked: bool, at: float
) -> Check:
    """ONE compare-and-set: whoever burns the step has passed; everyone else has failed once more.

    `locked` is a lock that a known device was let through: it stays as it is for everyone else.
    """
    about = {
        "factor_id": factor.id,
        "stage": stage,
        "was_locked_until": factor.locked_until,
        "lock_until": at + LOCK_S,
        "step": step,
    }
    statement = _burning(step is not None, step == RECOVERY_STEP, locked)
    row = (await connection.execute(statement, about)).first()
    if row is None:
        return Check(result="locked", factor_id=factor.id)
    if row.failures_total == 0:
        return Check(result="passed", factor_id=factor.id, step=step)
    result: Result = "wrong" if step is None else "replayed"
    locks, disables = row.locked_until > factor.locked_until, row.state == "disabled"
    return Check(result=result, factor_id=factor.id, step=step, locks=locks, disables=disables)


async def _hint(connection: AsyncConnection, factor: Factor, skewed: int, at: float) -> Check:
    """Refuse a code of another time and say so. One whose time is still to come is void then: the hint is worth nothing to
    who guessed it."""
    away = skewed - totp.step_at(at)
    if away > 0:
        await connection.execute(update(factors).where(factors.c.id == factor.id).values(hinted_step=skewed))
    return Check(result="skewed", factor_id=factor.id, skew_steps=away)


@cache
def _burning(right: bool, by_recovery: bool, locked: bool) -> ReturningUpdate[Any]:
    """The statement for a code that is right, for now, or wrong; made once, for that takes longer than to run it."""
    table, step = factors.c, bindparam("step", type_=BigInteger)
    fresh = and_(table.last_step < step, table.hinted_step != step)
    burns: Any = true() if by_recovery else fresh if right else false()
    in_row, total = table.failures_in_row + 1, table.failures_total + 1
    lock_now: Any = false() if locked else in_row >= LOCK_AFTER
    unchanged = and_(
        table.id == bindparam("factor_id"),
        table.state == bindparam("stage"),
        table.locked_until == bindparam("was_locked_until"),
    )
    return (
        update(factors)
        .where(unchanged)
        .values(
            last_step=case((burns, table.last_step if by_recovery else step), else_=table.last_step),
            failures_in_row=case(
                (or_(burns, lock_now), 0), else_=table.failures_in_row if locked else in_row
            ),
            failures_total=case((burns, 0), else_=total),
            locked_until=case(
                (and_(lock_now, not_(burns)), bindparam("lock_until")), else_=table.locked_until
            ),
            state=case((and_(not_(burns), total >= DISABLE_AFTER), "disabled"), else_=table.state),
        )
        .returning(table.failures_total, table.locked_until, table.state)
    )
