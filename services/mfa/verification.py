"""One offered code: attempt, step, limits, challenge, outcome and audit become true together.

Most codes take two statements, or three where their network pays in advance: one reads the state, one writes what `code_rules`
made of it, unless challenge or factor have changed since. A code for which that is not enough is judged by the same rules in
one transaction that locks both: where the state did change, where a lock or the end of a factor is to be told, where a known
device is let in beside a limit, and for recovery codes.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from contracts.errors import Unavailable
from services.audit import audit_log
from services.mfa import verification_state
from services.mfa.code_rules import FactorAttempt, Judgement
from services.mfa.factor_check import CodeChecker
from services.mfa.limit_records import UNPAID, ClientContext, RateLimitReservation
from services.mfa.records import Context, Verdict
from services.mfa.recovery import is_recovery_code
from services.mfa.verification_state import VerificationState
from services.mfa.verification_writes import write_audited, writes_of
from services.platform.database import Database
from services.platform.statements import InTransaction, Statements


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
        return f"VerificationAttempt(challenge_id={self.challenge_id!r})"


class Verifier:
    """Judges offers."""

    def __init__(self, database: Database, checker: CodeChecker) -> None:
        self._database = database
        self._checker = checker
        self._limits = checker.limits

    async def judge(self, offer: VerificationAttempt, last: bool = True) -> Verdict | None:
        """The verdict on an offer; None for an unknown challenge unless this is the `last` time it is looked for.

        Raises SlowDown when a limit is reached, VaultClosed when the secret does not open, Unavailable.
        """
        try:
            async with self._database.statements.borrow() as asked:
                judged = await self._at_once(asked, offer, last)
        except Unavailable:
            # A pooled connection may have died since it was used last; SQLite has none.
            if self._database.is_sqlite:
                raise
            judged = offer
        return await self._locked(judged, last) if isinstance(judged, VerificationAttempt) else judged

    async def _at_once(
        self, asked: Statements, offer: VerificationAttempt, last: bool
    ) -> Verdict | VerificationAttempt | None:
        """The verdict; or the offer, to be judged under locks, and with what its network has paid."""
        visitor = self._limits.visitor(None, offer.context)
        was = await verification_state.read(asked, offer.challenge_id, visitor)
        if was.challenge is None and not last:
            return None
        if not self._is_paid(offer, visitor, was):
            offer = replace(offer, booking=await self._limits.book(asked, visitor, offer.at))
        if is_recovery_code(offer.code):
            return offer
        attempt = self._attempt(offer, was)
        judged = self._checker.rules.of_challenge(attempt, was)
        if not judged.is_plain:
            return offer
        entry = _entry_of(offer, attempt, judged)
        writes = writes_of(attempt, judged, self._limits)
        done = await write_audited(self._database, asked, writes, entry)
        return _verdict(judged, offer.at) if done else offer

    async def _locked(self, offer: VerificationAttempt, last: bool) -> Verdict | None:
        visitor = self._limits.visitor(None, offer.context)
        async with self._database.begin() as connection:
            was = await verification_state.read_locked(connection, offer.challenge_id, visitor)
            if was.challenge is None and not last:
                return None
            if self._is_paid(offer, visitor, was):
                attempt = self._attempt(offer, was)
                judged = await self._checker.check_challenge(connection, attempt, was)
                await audit_log.record(connection, _entry_of(offer, attempt, judged))
                return _verdict(judged, offer.at)
        async with self._database.begin() as connection:
            booking = await self._limits.book(InTransaction(connection), visitor, offer.at)
        return await self._locked(replace(offer, booking=booking), last)

    def _is_paid(self, offer: VerificationAttempt, visitor: ClientContext, was: VerificationState) -> bool:
        """Whether the network has paid in advance, in a transaction of its own, or need not."""
        return offer.booking is not None or self._limits.is_clear(visitor, was.seen, offer.at)

    def _attempt(self, offer: VerificationAttempt, was: VerificationState) -> FactorAttempt:
        account_id = None if was.challenge is None else was.challenge.account_id
        visitor = self._limits.visitor(account_id, offer.context)
        return FactorAttempt("active", offer.code, offer.context, visitor, offer.at, offer.booking or UNPAID)


def _verdict(judged: Judgement, at: float) -> Verdict:
    was, challenge = judged.was.challenge, judged.challenge
    if was is None or challenge is None or not was.takes_codes(at):
        return Verdict(judged.check, attempts_left=0, challenge=was)
    closed_as = challenge.state if challenge.state != was.state else None
    return Verdict(judged.check, challenge.attempts_left, challenge, closed_as)


def _entry_of(offer: VerificationAttempt, attempt: FactorAttempt, judged: Judgement) -> audit_log.Entry:
    """What the audit keeps of an offer."""
    challenge, check = judged.was.challenge, judged.check
    return audit_log.Entry(
        at=offer.at,
        action="verify",
        result=check.result,
        actor=offer.context.actor,
        account_id=None if challenge is None else challenge.account_id,
        factor_id=check.factor_id,
        challenge_id=offer.challenge_id,
        network=attempt.visitor.network,
        reason=check.reason,
    )
