"""The short way for most codes: a right or a wrong one for an open challenge, in two or three round trips on PostgreSQL.

It reads without locking and then writes all that `verification` writes for a pass or a refusal as one statement, its own
transaction, which checks again whatever the verdict rests on. Where anything stands in the way that statement writes nothing,
and `verification` judges the code: a lock, the last attempt, a code used before, a clock that is wrong. SQLite has no
statements that write several tables.
"""

from __future__ import annotations

import dataclasses

from msgspec.structs import replace

from contracts.errors import Unavailable
from services.audit import audit_log
from services.mfa import totp, verification_state
from services.mfa.factor_check import compare
from services.mfa.failures import LOCK_AFTER
from services.mfa.limit_records import ClientContext
from services.mfa.limits import DEVICES_KEPT, MINUTE_S, Limits, is_of_today, is_to_note, knows
from services.mfa.quick_statements import PASS, REFUSAL
from services.mfa.records import STRANGER_FAILURES, Check, Verdict
from services.mfa.repository import outcome
from services.mfa.vault import Vault
from services.mfa.verification import VerificationAttempt, entry_of
from services.mfa.verification_state import VerificationState
from services.platform.database import Database
from services.platform.statement_pool import PooledConnection, Statement


class QuickJudge:
    """Judges what it can without a doubt. `vault` and `limits` are those of everybody who judges codes."""

    def __init__(self, database: Database, vault: Vault, limits: Limits) -> None:
        self._database = database
        self._vault = vault
        self._limits = limits
        self._read = Statement(str(verification_state.QUERY.compile(dialect=database.engine.dialect)))

    async def judge(self, offer: VerificationAttempt) -> Verdict | VerificationAttempt:
        """The verdict; or the offer, to be judged with more care, and with what its network has paid.

        A connection that broke is no answer either: nothing is lost by judging again. Raises VaultClosed when the secret does
        not open.
        """
        statements = self._database.statements
        if statements is None or not totp.is_code(offer.code):
            return offer
        try:
            async with statements.borrow() as connection:
                return await self._judged(connection, offer)
        except Unavailable:
            return offer

    async def _judged(
        self, connection: PooledConnection, offer: VerificationAttempt
    ) -> Verdict | VerificationAttempt:
        visitor = self._limits.visitor(None, offer.context)
        found = await self._state_of(connection, offer, visitor)
        if found is None or not _is_plain(found, offer.at):
            return offer
        if not self._limits.is_clear(visitor, found.seen, offer.at):
            booking = await self._limits.book_at_once(connection, visitor, found.seen, offer.at)
            offer = dataclasses.replace(offer, booking=booking)
            if booking is None:
                return offer
        factor = found.factor
        assert factor is not None
        secret = self._vault.open(factor.account_id, factor.sealed)
        step, skewed = compare(secret, offer.code, offer.at)
        if step is not None and step > factor.last_step and step != factor.hinted_step:
            check = Check("passed", factor.id, step)
            return await self._passed(connection, offer, found, visitor, check) or offer
        if step is None and skewed is None:
            return await self._refused(connection, offer, found, Check("wrong", factor.id)) or offer
        return offer

    async def _state_of(
        self, connection: PooledConnection, offer: VerificationAttempt, visitor: ClientContext
    ) -> VerificationState | None:
        row = await connection.first(self._read, verification_state.parameters(offer.challenge_id, visitor))
        return None if row is None else verification_state.state_of(row)

    async def _passed(
        self,
        connection: PooledConnection,
        offer: VerificationAttempt,
        found: VerificationState,
        visitor: ClientContext,
        check: Check,
    ) -> Verdict | None:
        challenge, (network, device), at = found.challenge, found.seen, offer.at
        told = outcome(challenge, "passed", at)
        note_network = _has_paid(offer) or network is None or not is_of_today(network.passed_at, at)
        values = {
            **audit_log.parameters(entry_of(offer, challenge, visitor, check)),
            "step": check.step,
            "identity": told.identity,
            "payload": told.payload.decode(),
            "network_to_note": visitor.network if note_network else None,
            "given_back_s": self._limits.refill_s if _has_paid(offer) else 0.0,
            "device_to_note": visitor.device if is_to_note(device, at) else None,
            "stranger_failures": STRANGER_FAILURES,
            "others_kept": DEVICES_KEPT - 1,
        }
        row = await connection.first(PASS, values)
        if row is None:
            return None
        left: int = row["attempts_left"]
        passed = replace(challenge, state="passed", closed_at=at, passed_step=check.step, attempts_left=left)
        return Verdict(check, left, passed, closed_as="passed")

    async def _refused(
        self, connection: PooledConnection, offer: VerificationAttempt, found: VerificationState, check: Check
    ) -> Verdict | None:
        challenge = found.challenge
        visitor = self._limits.visitor(challenge.account_id, offer.context)
        known = knows(found.seen, offer.at)
        values = {
            **audit_log.parameters(entry_of(offer, challenge, visitor, check)),
            "lock_after": LOCK_AFTER,
            "stranger_failures": STRANGER_FAILURES,
            "strange": int(not known),
            "device_to_charge": visitor.device if known else None,
            "network_to_charge": None if _has_paid(offer) else visitor.network,
            "refill_s": self._limits.refill_s,
            "minute": int(offer.at) // MINUTE_S,
            "fleet_lane": visitor.lane,
        }
        row = await connection.first(REFUSAL, values)
        if row is None:
            return None
        left: int = row["attempts_left"]
        return Verdict(check, left, replace(challenge, attempts_left=left))


def _is_plain(found: VerificationState, at: float) -> bool:
    """Whether the challenge waits for its first pass and the account has a factor that takes anybody's codes."""
    waits = found.challenge.state == "open" and found.challenge.takes_codes(at)
    factor = found.factor
    return waits and factor is not None and factor.locked_until <= at and not factor.shut


def _has_paid(offer: VerificationAttempt) -> bool:
    return offer.booking is not None and offer.booking.charged
