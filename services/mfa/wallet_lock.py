"""The owner's own lock: placed without a question, opened with what the policy asks for, or by support."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Collection

from sqlalchemy.ext.asyncio import AsyncConnection

from services.cases import holds, locks
from services.cases.holds import AccountHold
from services.cases.unfreezing import Step
from services.mfa.factor_facts import factor_proved
from services.mfa.factor_records import Refused
from services.mfa.proof import require_proof
from services.mfa.records import Context
from services.mfa.with_code import WithCode
from services.platform.database import Database

_A_CODE: tuple[Step, ...] = ("factor",)


class NotLocked(Exception):
    """The account is not frozen."""


class NotTheirs(Exception):
    """Support ends this freeze: it is not the owner's own lock, or something else speaks for it meanwhile."""


class CodeMissing(Exception):
    """The policy asks for a code of the second factor."""


class WalletLock:
    """Locks and unlocks. `steps` are what unlocking takes; `clock` gives epoch seconds."""

    def __init__(
        self,
        database: Database,
        with_code: WithCode,
        clock: Callable[[], float],
        steps: Collection[Step] = _A_CODE,
    ) -> None:
        self.steps = frozenset(steps)
        self._database = database
        self._with_code = with_code
        self._clock = clock

    async def lock(self, account_id: str, by: str) -> bool:
        """Stop outgoing money at once; False when it is stopped already. `by` is who sent the word, for the audit."""
        async with self._database.begin() as connection:
            return await locks.lock(connection, account_id, secrets.token_hex(16), by, self._clock())

    async def unlock(
        self, account_id: str, code: str | None, proved_at: float | None, context: Context
    ) -> bool | Refused:
        """End the owner's lock; Refused when the code is.

        `proved_at` (epoch seconds) is when the wallet last proved the password. Where the policy asks for a code and none is
        given, one that was accepted since the lock was placed does as well. Raises NotLocked, NotTheirs, CodeMissing and
        ProofTooOld, and as every check of a code.
        """
        if "password" in self.steps:
            require_proof(proved_at or 0.0, self._clock())

        async def end(connection: AsyncConnection, at: float) -> bool:
            return await locks.unlock(connection, await _own(connection, account_id), context.actor, at)

        # Before the code is looked at: a refusal for another reason must not say whether the code was right.
        async with self._database.read() as connection:
            hold = await _own(connection, account_id)
            proved = await factor_proved(connection, account_id, hold.placed_at)
        if code is not None:
            return await self._with_code.do("unlock", account_id, code, context, end)
        if "factor" in self.steps and proved is None:
            raise CodeMissing
        async with self._database.begin() as connection:
            return await end(connection, self._clock())


async def _own(connection: AsyncConnection, account_id: str) -> AccountHold:
    """The lock that its owner may end. Raises NotLocked, NotTheirs."""
    hold = await holds.standing(connection, account_id)
    if hold is None:
        raise NotLocked
    if not await locks.is_lock(connection, hold) or await locks.is_supports(connection, hold):
        raise NotTheirs
    return hold
