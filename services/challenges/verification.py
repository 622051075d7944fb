"""One offered code, judged inside one SQL transaction: attempt, step, limits, challenge, outcome and audit together."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncConnection

from services.challenges import audit, repository
from services.challenges.factor_check import CodeChecker
from services.challenges.limits import UNPAID, Booking
from services.challenges.records import RECOVERY_STEP, Challenge, Check, Context, Result, Verdict


@dataclass(frozen=True)
class Offer:
    """One code for one challenge: six ASCII digits or a recovery code, from whom, at epoch seconds `at`, and what its
    network paid for it before."""

    challenge_id: str
    code: str
    context: Context
    at: float
    booking: Booking = UNPAID

    def __repr__(self) -> str:
        return f"Offer(challenge_id={self.challenge_id!r})"


class Judge:
    """Judges offers. Every method works in the caller's transaction."""

    def __init__(self, checker: CodeChecker) -> None:
        self._checker = checker
        self._limits = checker.limits

    async def judge(self, connection: AsyncConnection, offer: Offer, last: bool = True) -> Verdict | None:
        """The verdict on an offer; None for an unknown challenge unless this is the `last` time it is looked for.

        The same accepted code again is `repeated`, until the challenge expires. A closed or expired challenge has no attempts
        left and is compared with nothing, an unknown one neither. Raises SlowDown when a limit is reached, VaultClosed when
        the secret does not open.
        """
        claimed = await repository.claim_attempt(connection, offer.challenge_id, offer.at)
        known = claimed or await repository.find(connection, offer.challenge_id)
        if known is None and not last:
            return None
        if claimed is None:
            verdict = await self._in_vain(connection, offer, known)
        elif claimed.passed_step is not None:
            verdict = await self._again(connection, offer, claimed, claimed.passed_step)
        else:
            verdict = await self._first(connection, offer, claimed)
        await self._audit(connection, offer, known, verdict.check)
        return verdict

    async def _in_vain(self, connection: AsyncConnection, offer: Offer, known: Challenge | None) -> Verdict:
        account_id = None if known is None else known.account_id
        result: Result = "unknown" if known is None else "closed"
        check = await self._checker.refuse(
            connection, result, account_id, offer.code, offer.context, offer.at, offer.booking
        )
        return Verdict(check, attempts_left=0, challenge=known)

    async def _first(self, connection: AsyncConnection, offer: Offer, claimed: Challenge) -> Verdict:
        check = await self._checker.check(
            connection, claimed.account_id, "active", offer.code, offer.context, offer.at, offer.booking
        )
        if check.result == "passed":
            assert check.step is not None
            code = self._limits.name(offer.challenge_id, offer.code) if check.step == RECOVERY_STEP else None
            passed = await repository.pass_it(connection, claimed, offer.at, check.step, code)
            return Verdict(check, passed.attempts_left, passed, closed_as="passed")
        if claimed.attempts_left == 0:
            await repository.close(connection, claimed, "failed", offer.at)
            return Verdict(check, 0, claimed, closed_as="failed")
        return Verdict(check, claimed.attempts_left, claimed)

    async def _again(
        self, connection: AsyncConnection, offer: Offer, claimed: Challenge, step: int
    ) -> Verdict:
        check = await self._checker.recheck(
            connection,
            claimed.account_id,
            offer.code,
            step,
            claimed.passed_code == self._limits.name(offer.challenge_id, offer.code),
            offer.context,
            offer.at,
            offer.booking,
        )
        if check.result != "repeated":
            return Verdict(check, claimed.attempts_left, claimed)
        await repository.give_back_attempt(connection, claimed.challenge_id)
        return Verdict(check, claimed.attempts_left + 1, claimed)

    async def _audit(
        self, connection: AsyncConnection, offer: Offer, known: Challenge | None, check: Check
    ) -> None:
        account_id = None if known is None else known.account_id
        entry = audit.Entry(
            at=offer.at,
            action="verify",
            result=check.result,
            actor=offer.context.actor,
            account_id=account_id,
            factor_id=check.factor_id,
            challenge_id=offer.challenge_id,
            network=self._limits.visitor(account_id, offer.context).network,
            reason=check.reason,
        )
        await audit.record(connection, entry)
