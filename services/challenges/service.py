"""Challenges for the API: show, verify, expire.

Everything that decides is in SQL; Redis only answers for a challenge so new that SQL has not got it yet. When SQL is
away every method raises `contracts.errors.Unavailable` and nothing passes.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Protocol

from contracts.errors import Unavailable
from services.challenges import repository, verification
from services.challenges.counts import count_check
from services.challenges.records import (
    Answer,
    Challenge,
    Check,
    Verdict,
    issued,
)
from services.challenges.vault import Vault
from services.database import Database
from services.memory.challenge_record import ChallengeRecord
from services.metrics import CHALLENGES

SWEEP_EVERY_S = 5.0
SWEEP_ROWS = 200
_log = logging.getLogger(__name__)


class ChallengeReader(Protocol):
    """Where the worker wrote a challenge before its decision (Redis)."""

    async def get(self, challenge_id: str) -> ChallengeRecord | None:
        """The challenge as it was written, or None. Raises Unavailable when the store is away."""
        ...


class ChallengesService:
    """The challenges of every account. `clock` gives epoch seconds."""

    def __init__(
        self,
        database: Database,
        reader: ChallengeReader,
        vault: Vault,
        clock: Callable[[], float],
    ) -> None:
        self._database = database
        self._reader = reader
        self._vault = vault
        self._clock = clock

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
    count_check(verdict.check)
    if verdict.challenge is not None and verdict.closed_as is not None:
        CHALLENGES.labels(verdict.challenge.purpose, verdict.closed_as).inc()
