"""Checking a code inside the caller's transaction: its step, the challenge, the audit row and the outgoing event become true
together or not at all.

`code_rules` says what a code means, `verification_writes` writes it, `failures` tells of locks.
"""

from __future__ import annotations

from msgspec.structs import replace
from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.errors import Unavailable
from services.audit import audit_log
from services.mfa import failures, verification_state
from services.mfa.code_rules import CodeRules, FactorAttempt, Judgement, idle_result
from services.mfa.factor_records import Done
from services.mfa.limit_records import UNPAID
from services.mfa.limits import Limits
from services.mfa.records import Check, Context, Stage
from services.mfa.recovery import is_recovery_code, use
from services.mfa.vault import Vault
from services.mfa.verification_state import VerificationState
from services.mfa.verification_writes import write, writes_of
from services.platform.metrics import KNOWN_DEVICE_CODES
from services.platform.statements import InTransaction


class CodeChecker:
    """Checks codes within the limits. Everybody who checks a code does it here: the counters are shared."""

    def __init__(self, vault: Vault, limits: Limits) -> None:
        self.limits = limits
        self.rules = CodeRules(vault, limits)

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

        `code` is six ASCII digits or a recovery code. The first code of an enrolment meets no limit but the enrolment's own
        lock: whoever has just begun one always has a way. Raises SlowDown when a limit is reached, VaultClosed when the
        secret does not open.
        """
        visitor = self.limits.visitor(account_id, context)
        was = await verification_state.read_factor(connection, account_id, stage, visitor)
        booking = UNPAID
        if stage == "active":
            booking = await self.limits.book(InTransaction(connection), visitor, at)
        attempt = FactorAttempt(stage, code, context, visitor, at, booking)
        used = is_recovery_code(code) and await self._use(connection, attempt, was)
        return await self._settle(connection, attempt, self.rules.of_factor(attempt, was, used))

    async def record(
        self,
        connection: AsyncConnection,
        action: str,
        account_id: str,
        check: Check | Done,
        context: Context,
        at: float,
    ) -> None:
        """Keep in the audit what came of a step of the account's factor, at epoch seconds `at`."""
        entry = audit_log.Entry(
            at=at,
            action=action,
            result=check.result,
            actor=context.actor,
            account_id=account_id,
            factor_id=check.factor_id,
            network=self.limits.visitor(account_id, context).network,
            reason=check.reason,
        )
        await audit_log.record(connection, entry)

    async def check_challenge(
        self, connection: AsyncConnection, attempt: FactorAttempt, was: VerificationState
    ) -> Judgement:
        """As `check`, of a challenge and a factor that do not change until the transaction ends."""
        challenge = was.challenge
        used = False
        if is_recovery_code(attempt.code):
            if challenge is None or not challenge.takes_codes(attempt.at):
                used = await self._use(connection, attempt, was._replace(factor=None))
            elif challenge.passed_step is None:
                used = await self._use(connection, attempt, was)
        judged = self.rules.of_challenge(attempt, was, used)
        return replace(judged, check=await self._settle(connection, attempt, judged))

    async def _use(self, connection: AsyncConnection, attempt: FactorAttempt, was: VerificationState) -> bool:
        """Use the recovery code up if the factor takes one; it takes as long when it does not. Raises SlowDown."""
        self.limits.admit(was.seen, attempt.booking, attempt.at)
        takes = attempt.stage == "active" and idle_result(was.factor, attempt) in (None, "locked")
        account_id = was.factor.account_id if takes and was.factor is not None else ""
        return await use(connection, account_id, attempt.code, attempt.at, attempt.context)

    async def _settle(self, connection: AsyncConnection, attempt: FactorAttempt, judged: Judgement) -> Check:
        """Write what was judged and tell of a lock; a factor that nothing can pass any more is disabled."""
        if not await write(connection, writes_of(attempt, judged, self.limits)):
            raise Unavailable("the factor was changed meanwhile; repeat")
        check, factor, at = judged.check, judged.was.factor, attempt.at
        if check.known_device:
            KNOWN_DEVICE_CODES.labels("passed" if judged.burnt else "refused").inc()
        shut = factor is not None and attempt.stage == "active" and (factor.shut or check.shuts)
        refused = factor if shut and check.result not in ("passed", "repeated", "closed", "unknown") else None
        if refused is None or await failures.has_way(connection, refused, at):
            if factor is not None:
                await failures.tell_locked(connection, factor.account_id, check, at)
            return check
        await failures.disable(connection, refused, at)
        return replace(check, disables=True)
