"""Second factors and challenges for the API: enrol, confirm, show, verify, expire.

Everything that decides is in SQL; Redis only answers for a challenge so new that SQL has not got it yet. When SQL is
away every method raises `contracts.errors.Unavailable` and nothing passes.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections.abc import Callable
from typing import Protocol

from contracts.errors import Unavailable
from services.challenges import factors, repository, totp, verification
from services.challenges.records import (
    Answer,
    Challenge,
    Check,
    Enrolment,
    FactorStatus,
    Verdict,
    issued,
)
from services.challenges.vault import Vault
from services.database import Database
from services.memory.challenge_record import ChallengeRecord
from services.metrics import CHALLENGES, CLOCK_SKEW, ENROLMENTS, LOCKOUTS, REPLAY_REFUSED

SWEEP_EVERY_S = 5.0
SWEEP_ROWS = 200
_log = logging.getLogger(__name__)


class ChallengeReader(Protocol):
    """Where the worker wrote a challenge before its decision (Redis)."""

    async def get(self, challenge_id: str) -> ChallengeRecord | None:
        """The challenge as it was written, or None. Raises Unavailable when the store is away."""
        ...


class FactorInUse(Exception):
    """The account has a factor already; replacing it is not something a caller may ask for here."""


class ChallengesService:
    """The second factor of every account. `clock` gives epoch seconds."""

    def __init__(
        self,
        database: Database,
        reader: ChallengeReader,
        vault: Vault,
        clock: Callable[[], float],
        issuer: str,
    ) -> None:
        self._database = database
        self._reader = reader
        self._vault = vault
        self._clock = clock
        self._issuer = issuer

    async def check_key(self) -> None:
        """Try the key on a stored factor before serving. Raises VaultClosed when it is the wrong one."""
        async with self._database.read() as connection:
            found = await factors.newest_sealed(connection)
        if found is not None:
            self._vault.open(*found)

    async def enrol(self, account_id: str) -> Enrolment:
        """A new pending factor with its secret, shown this once. Raises FactorInUse when the account has one in use."""
        at = self._clock()
        secret = totp.new_secret()
        sealed = self._vault.seal(account_id, secret)
        uri = totp.provisioning_uri(secret, account_id, self._issuer)
        async with self._database.begin() as connection:
            started = await factors.start_enrolment(connection, secrets.token_hex(16), account_id, sealed, at)
            if not started:
                # Raised inside, so that nothing of this attempt is kept.
                ENROLMENTS.labels("refused").inc()
                raise FactorInUse("the account has a second factor already")
        ENROLMENTS.labels("started").inc()
        return Enrolment(account_id, secret, uri, at + factors.PENDING_S)

    async def confirm(self, account_id: str, code: str) -> bool:
        """Activate the pending factor by its first code, which is burnt; False for any other code or no such factor."""
        async with self._database.begin() as connection:
            at = self._clock()
            check = await factors.check_code(connection, self._vault, account_id, "pending", code, at)
            if check.result == "passed" and check.factor_id is not None:
                await repository.tell_enrolled(connection, account_id, check.factor_id, at)
            await repository.audit(connection, account_id, None, check, at)
        _count_check(check)
        ENROLMENTS.labels("confirmed" if check.result == "passed" else "refused").inc()
        return check.result == "passed"

    async def status(self, account_id: str) -> FactorStatus:
        """Whether the account has a factor, without anything secret."""
        async with self._database.read() as connection:
            return await factors.status(connection, account_id)

    async def challenge(self, challenge_id: str) -> Challenge | None:
        """The challenge as stored, expired when its time is over; None when nobody issued it."""
        at = self._clock()
        async with self._database.read() as connection:
            found = await repository.find(connection, challenge_id)
        if found is None and await self._adopt(challenge_id):
            async with self._database.read() as connection:
                found = await repository.find(connection, challenge_id)
        return None if found is None else found.as_of(at)

    async def verify(self, challenge_id: str, code: str) -> Answer:
        """Judge `code` (six ASCII digits) for the challenge: passed, or refused with the attempts left.

        The same accepted code again answers the same until the challenge expires. Raises Unavailable, never a pass,
        when SQL is away, or when Redis is and SQL does not know the challenge.
        """
        verdict = await self._judge(challenge_id, code)
        if verdict.check.result == "unknown":
            if await self._adopt(challenge_id):
                verdict = await self._judge(challenge_id, code)
            else:
                await self._audit_unknown(challenge_id, verdict.check)
        _count(verdict)
        return Answer(verdict.passed, verdict.attempts_left)

    async def expire_due(self, limit: int = SWEEP_ROWS) -> int:
        """Close challenges whose time is over, at most `limit`, each with its outcome; how many."""
        async with self._database.begin() as connection:
            expired = await repository.expire_due(connection, self._clock(), limit)
        for challenge in expired:
            CHALLENGES.labels(challenge.purpose, "expired").inc()
        return len(expired)

    async def sweep_for_ever(self, every_s: float = SWEEP_EVERY_S) -> None:
        """Expire challenges every `every_s` seconds until cancelled; waits when the database is away."""
        while True:
            try:
                while await self.expire_due() == SWEEP_ROWS:
                    pass
            except Unavailable as error:
                _log.warning("challenges are not being expired: %s", error)
            await asyncio.sleep(every_s)

    async def _judge(self, challenge_id: str, code: str) -> Verdict:
        async with self._database.begin() as connection:
            return await verification.judge(connection, self._vault, challenge_id, code, self._clock())

    async def _audit_unknown(self, challenge_id: str, check: Check) -> None:
        async with self._database.begin() as connection:
            await repository.audit(connection, None, challenge_id, check, self._clock())

    async def _adopt(self, challenge_id: str) -> bool:
        record = await self._reader.get(challenge_id)
        if record is None:
            return False
        async with self._database.begin() as connection:
            await repository.record(connection, issued(record))
        return True


def _count(verdict: Verdict) -> None:
    _count_check(verdict.check)
    if verdict.challenge is not None and verdict.closed_as is not None:
        CHALLENGES.labels(verdict.challenge.purpose, verdict.closed_as).inc()


def _count_check(check: Check) -> None:
    if check.result == "replayed":
        REPLAY_REFUSED.inc()
    if check.skew_steps is not None:
        CLOCK_SKEW.observe(check.skew_steps)
    if check.locks:
        LOCKOUTS.inc()
