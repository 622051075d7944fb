"""One offered code, judged inside one SQL transaction: attempt, step, limits, challenge, outcome and audit together."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncConnection

from services.audit import audit_log
from services.mfa import repository, verification_state
from services.mfa.factor_check import CodeChecker, FactorAttempt
from services.mfa.limit_records import UNPAID, ClientContext, RateLimitReservation
from services.mfa.records import (
    RECOVERY_STEP,
    Challenge,
    ChallengeState,
    Check,
    Context,
    Result,
    Verdict,
)
from services.mfa.verification_state import VerificationState


@dataclass(frozen=True)
class VerificationAttempt:
    """One code for one challenge: six ASCII digits or a recovery code, from whom, at epoch seconds `at`; and what its
    network paid for it before, None when nobody asked."""

    challenge_id: str
    code: str
    context: Context
    at: float
    booking: RateLimitReservation | None = None

    def __repr__(self) -> str:
        return f"Offer(challenge_id={self.challenge_id!r})"


class Unpaid(Exception):
    """The network must pay in advance, in a transaction of its own: book, then offer again."""


class Judge:
    """Judges offers. Every method works in the caller's transaction."""

    def __init__(self, checker: CodeChecker) -> None:
        self._checker = checker
        self._limits = checker.limits

    async def judge(
        self, connection: AsyncConnection, offer: VerificationAttempt, last: bool = True
    ) -> Verdict | None:
        """The verdict on an offer; None for an unknown challenge unless this is the `last` time it is looked for.

        The same accepted code again is `repeated`, until the challenge expires. A closed or expired challenge has no attempts
        left and is compared with nothing, an unknown one neither. Raises Unpaid before anything is written, SlowDown when a
        limit is reached, VaultClosed when the secret does not open.
        """
        visitor = self._limits.visitor(None, offer.context)
        found = await verification_state.read(connection, offer.challenge_id, visitor)
        if found is None and not last:
            return None
        seen = await self._limits.look(connection, visitor, None) if found is None else found.seen
        if offer.booking is None and not self._limits.is_clear(visitor, seen, offer.at):
            raise Unpaid
        known = None if found is None else found.challenge
        offered = self._offered(offer, known)
        if found is None or not found.challenge.takes_codes(offer.at):
            result: Result = "unknown" if known is None else "closed"
            check = await self._checker.refuse(connection, result, offered, seen)
            verdict = Verdict(check, attempts_left=0, challenge=known)
        elif found.challenge.passed_step is not None:
            verdict = await self._again(connection, offered, found, found.challenge.passed_step)
        else:
            verdict = await self._first(connection, offered, found)
        await audit_log.record(connection, entry_of(offer, known, offered.visitor, verdict.check))
        return verdict

    def _offered(self, offer: VerificationAttempt, known: Challenge | None) -> FactorAttempt:
        account_id = None if known is None else known.account_id
        visitor = self._limits.visitor(account_id, offer.context)
        booking = UNPAID if offer.booking is None else offer.booking
        return FactorAttempt(
            account_id or "", "active", offer.code, offer.context, visitor, offer.at, booking
        )

    async def _first(
        self, connection: AsyncConnection, offered: FactorAttempt, found: VerificationState
    ) -> Verdict:
        challenge = found.challenge
        check = await self._checker.check_read(connection, offered, found.factor, found.seen)
        if check.result == "passed":
            assert check.step is not None
            code = None
            if check.step == RECOVERY_STEP:
                code = self._limits.name(challenge.challenge_id, offered.code)
            passed = await repository.pass_it(connection, challenge, offered.at, check.step, code)
            return Verdict(check, passed.attempts_left, passed, closed_as="passed")
        spent = await repository.spend_attempt(connection, challenge, offered.at)
        closed_as: ChallengeState | None = "failed" if spent.state == "failed" else None
        return Verdict(check, spent.attempts_left, spent, closed_as)

    async def _again(
        self, connection: AsyncConnection, offered: FactorAttempt, found: VerificationState, step: int
    ) -> Verdict:
        challenge = found.challenge
        same = challenge.passed_code == self._limits.name(challenge.challenge_id, offered.code)
        check = await self._checker.recheck(connection, offered, found.factor, found.seen, step, same)
        if check.result == "repeated":
            return Verdict(check, challenge.attempts_left, challenge)
        spent = await repository.spend_attempt(connection, challenge, offered.at)
        return Verdict(check, spent.attempts_left, spent)


def entry_of(
    offer: VerificationAttempt, challenge: Challenge | None, visitor: ClientContext, check: Check
) -> audit_log.Entry:
    """What the audit keeps of an offer; `challenge` None where nobody issued it."""
    return audit_log.Entry(
        at=offer.at,
        action="verify",
        result=check.result,
        actor=offer.context.actor,
        account_id=None if challenge is None else challenge.account_id,
        factor_id=check.factor_id,
        challenge_id=offer.challenge_id,
        network=visitor.network,
        reason=check.reason,
    )
