"""Checking a code against a factor, within the limits; `failures` writes what came of it.

Every function works inside the caller's transaction, so a code's step, the challenge, the audit row and the outgoing
event become true together or not at all.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from services.mfa import failures, totp
from services.mfa.factor_records import PENDING_S
from services.mfa.failures import Means
from services.mfa.limit_records import UNPAID, ClientContext, RateLimitReservation, Seen
from services.mfa.limits import Limits, knows
from services.mfa.records import RECOVERY_STEP, Check, Context, Factor, Result
from services.mfa.recovery import is_recovery_code, use
from services.mfa.tables import factors
from services.mfa.vault import Vault
from services.platform.metrics import KNOWN_DEVICE_CODES

#: Compared when there is nothing to compare with, so that a missing factor takes as long as a wrong code.
_NOBODYS_SECRET = "A" * 32

Stage = Literal["pending", "active"]


@dataclass(frozen=True)
class FactorAttempt:
    """One code offered for an account's factor: by whom, at epoch seconds `at`, and what its network paid for it."""

    account_id: str
    stage: Stage
    code: str
    context: Context
    visitor: ClientContext
    at: float
    booking: RateLimitReservation

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

        `code` is six ASCII digits or a recovery code. A factor that is locked, or that strangers are shut out of, is compared
        with a recovery code, which nobody guesses, and for a device that is known; a lapsed one with nothing. The first code
        of an enrolment meets no limit but the enrolment's own lock: whoever has just begun one always has a way. A code
        that only a wrong clock explains is refused without counting: our own clock cannot lock everyone out. Raises SlowDown
        when a limit is reached, VaultClosed when the secret does not open.
        """
        factor = await _take(connection, account_id, stage)
        visitor = self.limits.visitor(account_id, context)
        seen = await self.limits.look(connection, visitor, None if factor is None else factor.id)
        booking = UNPAID if stage == "pending" else await self.limits.book(connection, visitor, at)
        offered = FactorAttempt(account_id, stage, code, context, visitor, at, booking)
        return await self._check(connection, offered, factor, seen)

    async def check_read(
        self, connection: AsyncConnection, offered: FactorAttempt, factor: Factor | None, seen: Seen
    ) -> Check:
        """As `check`, of a factor that was read and not locked; where that matters it is read again."""
        if factor is not None and (
            factor.locked_until > offered.at
            or factor.shut
            or offered.booking.limit
            or is_recovery_code(offered.code)
        ):
            factor = await _take(connection, offered.account_id, offered.stage)
            seen = await self.limits.look(connection, offered.visitor, None if factor is None else factor.id)
        return await self._check(connection, offered, factor, seen)

    async def refuse(
        self, connection: AsyncConnection, result: Result, offered: FactorAttempt, seen: Seen
    ) -> Check:
        """Refuse a code that there is no factor to compare with, as slowly and counted by the limits. Raises SlowDown."""
        self.limits.admit(seen, offered.booking, offered.at)
        await _compare_in_vain(connection, offered.code, offered.at)
        await self.limits.refused(connection, offered.visitor, offered.booking, offered.at)
        return Check(result=result)

    async def recheck(
        self,
        connection: AsyncConnection,
        offered: FactorAttempt,
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
        self, connection: AsyncConnection, offered: FactorAttempt, factor: Factor | None, seen: Seen
    ) -> Check:
        visitor, booking, at = offered.visitor, offered.booking, offered.at
        admission = self.limits.admit(seen, booking, at)
        idle = _idle(factor, offered.stage, at)
        locked = idle == "locked"
        by_paper = offered.stage == "active" and is_recovery_code(offered.code)
        let_in = locked and (admission.known_device or by_paper)
        if factor is None or (idle is not None and not let_in):
            await _compare_in_vain(connection, offered.code, at)
            check = Check(result=idle or "no_factor", factor_id=None if factor is None else factor.id)
        else:
            means = Means(admission.known, let_in)
            check = await self._compared(connection, offered, factor, means)
            by_device = (locked and admission.known_device) or admission.barred
            check = replace(check, known_device=by_device)
            await self._note(connection, offered, seen, factor.id, check)
        if check.result in ("passed", "skewed"):
            await self.limits.give_back(connection, visitor, booking)
        else:
            await self.limits.refused(connection, visitor, booking, at)
        return await self._told(connection, offered, factor, check)

    async def _told(
        self, connection: AsyncConnection, offered: FactorAttempt, factor: Factor | None, check: Check
    ) -> Check:
        """Tell what a failure did; a factor that nothing can pass any more is disabled."""
        account_id, at = offered.account_id, offered.at
        shut = factor is not None and offered.stage == "active" and (factor.shut or check.shuts)
        refused = factor if shut and check.result != "passed" else None
        if refused is None or await failures.has_way(connection, refused, at):
            await failures.tell_locked(connection, account_id, check, at)
            return check
        await failures.disable(connection, refused, at)
        return replace(check, disables=True)

    async def _compared(
        self, connection: AsyncConnection, offered: FactorAttempt, factor: Factor, means: Means
    ) -> Check:
        code, at, stage = offered.code, offered.at, offered.stage
        step: int | None
        if is_recovery_code(code):
            used = stage == "active" and await use(connection, factor.account_id, code, at, offered.context)
            step = RECOVERY_STEP if used else None
        else:
            secret = self.vault.open(factor.account_id, factor.sealed)
            step, skewed = compare(secret, code, at)
            if skewed is not None and skewed > factor.last_step:
                return await failures.hint(connection, factor, skewed, at)
        if step is not None and await failures.burn(connection, factor, stage, step, means):
            return Check(result="passed", factor_id=factor.id, step=step, reopens=factor.shut)
        result: Result = "wrong" if step is None else "replayed"
        return await failures.count(connection, factor, stage, result, means, at)

    async def _note(
        self, connection: AsyncConnection, offered: FactorAttempt, seen: Seen, factor_id: str, check: Check
    ) -> None:
        passed = check.result == "passed"
        if passed:
            await self.limits.passed(connection, offered.visitor, seen, factor_id, offered.at)
        elif knows(seen, offered.at):
            failed = check.result in ("wrong", "replayed")
            await self.limits.spend_try(
                connection, offered.visitor, factor_id, offered.at, let_in=check.known_device, failed=failed
            )
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
        failures_total=row.failures_total,
        locked_until=row.locked_until,
        created_at=row.created_at,
    )


def _idle(factor: Factor | None, stage: Stage, at: float) -> Result | None:
    if factor is None:
        return "no_factor"
    if factor.locked_until > at or (stage == "active" and factor.shut):
        return "locked"
    return "lapsed" if stage == "pending" and factor.created_at + PENDING_S <= at else None


def compare(secret: str, code: str, at: float) -> tuple[int | None, int | None]:
    """The step whose code this is at epoch seconds `at`, and else the one that a wrong clock would explain."""
    step = totp.matched_step(secret, code, at)
    return step, totp.skewed_step(secret, code, at) if step is None else None


async def _compare_in_vain(connection: AsyncConnection, code: str, at: float) -> None:
    """Take as long as a comparison does."""
    if is_recovery_code(code):
        await use(connection, "", code, at)
    else:
        compare(_NOBODYS_SECRET, code, at)
