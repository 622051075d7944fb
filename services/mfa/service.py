"""Challenges for the API: show, verify, expire.

Everything that decides is in SQL; Redis only answers for a challenge so new that SQL has not got it yet. When SQL is
away every method raises `contracts.errors.Unavailable` and nothing passes.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Protocol

from contracts.errors import Unavailable
from services.memory.challenge_record import ChallengeRecord
from services.mfa import repository
from services.mfa.constant_time_response import AnswerTime
from services.mfa.counts import count_check
from services.mfa.factor_check import CodeChecker
from services.mfa.limit_records import Seen
from services.mfa.records import Answer, Challenge, Context, Verdict, issued
from services.mfa.verification import VerificationAttempt, Verifier
from services.platform.database import Database
from services.platform.metrics import CHALLENGES, CODES
from services.platform.progress import Progress
from services.platform.statements import InTransaction

SWEEP_EVERY_S = 5.0
SWEEP_ROWS = 200
TIDY_EVERY_S = 600.0
NOBODY = Context()


class ChallengeReader(Protocol):
    """Where the worker wrote a challenge before its decision (Redis)."""

    async def get(self, challenge_id: str) -> ChallengeRecord | None:
        """The challenge as it was written, or None. Raises Unavailable when the store is away."""
        ...


class GrantMaker(Protocol):
    """What signs a pass."""

    def issue(self, challenge: Challenge, at: float) -> str:
        """The grant of a challenge that passed at epoch seconds `at`; the same for the same two."""
        ...


class ChallengesService:
    """The challenges of every account. `clock` gives epoch seconds; without `grants` a pass is worth no token."""

    def __init__(
        self,
        database: Database,
        reader: ChallengeReader,
        checker: CodeChecker,
        clock: Callable[[], float],
        grants: GrantMaker | None = None,
        answers: AnswerTime | None = None,
    ) -> None:
        """`answers` says when a refusal is answered, by default as `AnswerTime` does."""
        self._database = database
        self._reader = reader
        self._clock = clock
        self._limits = checker.limits
        self._grants = grants
        self._verifier = Verifier(database, checker)
        self._answers = answers or AnswerTime()

    async def challenge(self, challenge_id: str) -> Challenge | None:
        """The challenge as stored, expired when its time is over; None when nobody issued it."""
        at = self._clock()
        async with self._database.read() as connection:
            found = await repository.find(connection, challenge_id)
        if found is None and await self._adopt(challenge_id):
            async with self._database.read() as connection:
                found = await repository.find(connection, challenge_id)
        return None if found is None else found.as_of(at)

    async def verify(self, challenge_id: str, code: str, context: Context = NOBODY) -> Answer:
        """Judge `code` (six ASCII digits or a recovery code): passed with its grant, or refused with the attempts left.

        The same accepted code again answers the same until the challenge expires. Raises SlowDown when too many codes were
        refused, and Unavailable, never a pass, when SQL is away, or when Redis is and SQL does not know the challenge.
        """
        due = self._answers.due(code)
        offer = VerificationAttempt(challenge_id, code, context, self._clock())
        verdict = await self._judged(offer)
        _count(verdict)
        if verdict.passed:
            return Answer(True, verdict.attempts_left, self._grant(verdict.challenge))
        await self._answers.wait(due)
        return Answer(False, verdict.attempts_left, hint=verdict.check.hint)

    async def refuse_malformed(self, context: Context) -> None:
        """Count what is no code at all against its network; no account is asked. Raises SlowDown, Unavailable."""
        CODES.labels("malformed").inc()
        visitor = self._limits.visitor(None, context)
        if visitor.network is None:
            return
        at = self._clock()
        async with self._database.begin() as connection:
            booking = await self._limits.book(InTransaction(connection), visitor, at)
        self._limits.admit(Seen(), booking, at)

    async def expire_due(self, limit: int = SWEEP_ROWS) -> int:
        """Close challenges whose time is over, at most `limit`, each with its outcome; how many."""
        async with self._database.begin() as connection:
            expired = await repository.expire_due(connection, self._clock(), limit)
        for challenge in expired:
            CHALLENGES.labels(challenge.purpose, "expired").inc()
        return len(expired)

    async def sweep_for_ever(self, progress: Progress, every_s: float = SWEEP_EVERY_S) -> None:
        """Expire challenges every `every_s` seconds until cancelled; waits when the database is away."""
        tidy_at = 0.0
        while True:
            try:
                while await self.expire_due() == SWEEP_ROWS:
                    progress.turned()
                if self._time() >= tidy_at:
                    await self._tidy()
                    tidy_at = self._time() + TIDY_EVERY_S
                progress.worked()
            except Unavailable as error:
                progress.failed(error.reason)
            await asyncio.sleep(every_s)

    async def _tidy(self) -> None:
        async with self._database.begin() as connection:
            await self._limits.forget(connection, self._clock())

    async def _judged(self, offer: VerificationAttempt) -> Verdict:
        """The verdict, after a second look at SQL for a challenge that Redis alone knew."""
        verdict = await self._verifier.judge(offer, last=False)
        if verdict is None:
            await self._adopt(offer.challenge_id)
            verdict = await self._verifier.judge(offer)
        assert verdict is not None
        return verdict

    def _grant(self, challenge: Challenge | None) -> str | None:
        if self._grants is None or challenge is None or challenge.closed_at is None:
            return None
        return self._grants.issue(challenge, challenge.closed_at)

    @staticmethod
    def _time() -> float:
        return asyncio.get_running_loop().time()

    async def _adopt(self, challenge_id: str) -> bool:
        record = await self._reader.get(challenge_id)
        if record is None:
            return False
        async with self._database.begin() as connection:
            await repository.record(connection, issued(record))
        return True


def _count(verdict: Verdict) -> None:
    count_check(verdict.check)
    if verdict.challenge is not None and verdict.closed_as is not None:
        CHALLENGES.labels(verdict.challenge.purpose, verdict.closed_as).inc()
