"""A factor from enrolment to removal, as its owner takes it there. See `resets` for what administrators may do.

Everything is in SQL; when it is away every method raises Unavailable. Each step puts its event, its notice and its audit
entry into the transaction that makes it.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from typing import Literal

from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.changes import OwnChange
from contracts.errors import Unavailable
from services.mfa import factors, qr, recovery, reset_rows, totp
from services.mfa.changes import News, Notice, tell
from services.mfa.constant_time_response import AnswerTime
from services.mfa.counts import count_check
from services.mfa.factor_check import CodeChecker
from services.mfa.factor_records import (
    PENDING_S,
    AccountFactors,
    Confirmed,
    Done,
    Enrolment,
    FactorStatus,
    Kept,
    NewFactor,
    Refused,
    status_of,
)
from services.mfa.proof import require_proof
from services.mfa.records import Check, Context, Hint
from services.mfa.reset_rows import Stand, keys_stand
from services.mfa.resets import DELAY_S, FactorResets, cancel_open
from services.mfa.vault import Vault
from services.platform.database import Database
from services.platform.metrics import ENROLMENTS

_RIVALS = 3
_ENROLLED: tuple[OwnChange, Notice] = ("totp_enrolled", "factor_enrolled")
_REPLACED: tuple[OwnChange, Notice] = ("totp_replaced", "factor_replaced")


class FactorInUse(Exception):
    """The account has a factor, and no code of it was given."""


class CodeRefused(Exception):
    """The account has a factor, and this is no code of it that may be used now; `hint` is what may be told of it."""

    def __init__(self, hint: Hint | None = None) -> None:
        super().__init__("the code was not accepted")
        self.hint = hint


_STARTED = Done("started")


class FactorLifecycle:
    """The second factor of every account. `clock` gives epoch seconds, `issuer` is what authenticators show."""

    def __init__(
        self,
        database: Database,
        vault: Vault,
        checker: CodeChecker,
        clock: Callable[[], float],
        issuer: str,
        cost: recovery.Cost = recovery.COST,
        reset_delay_s: float = DELAY_S,
        answers: AnswerTime | None = None,
        two_reset: bool = True,
        stand: Stand = keys_stand,
    ) -> None:
        """`cost` is that of hashing a recovery code, `reset_delay_s` what an owner has to object to a reset, which needs two
        administrators where `two_reset` says so, who `stand` until its end."""
        self._answers = answers or AnswerTime()
        self.resets = FactorResets(database, checker, clock, reset_delay_s, self._answers, two_reset, stand)
        self._database = database
        self._vault = vault
        self._checker = checker
        self._clock = clock
        self._issuer = issuer
        self._cost = cost

    async def enrol(
        self, account_id: str, proved_at: float, context: Context, code: str | None = None
    ) -> Enrolment:
        """A new pending factor with its secret, shown this once; an earlier pending one is void.

        `proved_at`: when the wallet last proved the password (epoch seconds). `code` is needed when the account has a factor,
        which stays in use until the new one is confirmed. Raises ProofTooOld, FactorInUse without a code, CodeRefused.
        """
        answer_at = self._answers.due(code)
        secret, ticket = totp.new_secret(), qr.new_ticket()
        uri = totp.provisioning_uri(secret, account_id, self._issuer)
        sealed = self._vault.seal(account_id, secret)
        async with self._database.begin() as connection:
            at = self._clock()
            require_proof(proved_at, at)
            held = await factors.hold(connection, account_id)
            check = await self._check_present(connection, held, account_id, code, context, at)
            started = check is None or check.result == "passed"
            if started:
                new = NewFactor(
                    secrets.token_hex(16), account_id, sealed, qr.ticket_hash(ticket), _id(held.in_use), at
                )
                await _start(connection, new)
                await _tell_started(connection, held, new, context)
            await self._checker.record(connection, "enrol", account_id, check or _STARTED, context, at)
        ENROLMENTS.labels("started" if started else "refused").inc()
        if not started:
            await self._answers.wait(answer_at)
            raise CodeRefused(None if check is None else check.hint)
        return Enrolment(account_id, secret, uri, at + PENDING_S, ticket)

    async def qr(self, account_id: str, ticket: str) -> bytes | None:
        """The QR code of the enrolment as SVG, once a ticket; None for any other ticket, or when it is over."""
        async with self._database.begin() as connection:
            hashed = qr.ticket_hash(ticket)
            sealed = await factors.take_ticket(connection, account_id, hashed, self._clock())
        if sealed is None:
            return None
        return qr.svg(totp.provisioning_uri(self._vault.open(account_id, sealed), account_id, self._issuer))

    async def confirm(self, account_id: str, code: str, context: Context) -> Confirmed:
        """Activate the pending factor by its first code, which is burnt, and make its recovery codes.

        A factor it replaces goes in the same transaction, with its recovery codes. Not confirmed for any other code, or
        without a pending factor. The recovery codes are empty when the database went away after the factor was activated:
        `regenerate` makes new ones.
        """
        answer_at = self._answers.due(code)
        async with self._database.begin() as connection:
            at = self._clock()
            pending = await _confirmable(connection, account_id)
            check = await self._checker.check(connection, account_id, "pending", code, context, at)
            confirmed = check.result == "passed" and pending is not None
            if confirmed and pending is not None:
                await self._activate(connection, account_id, pending, context, at)
            await self._checker.record(connection, "confirm", account_id, check, context, at)
        count_check(check)
        ENROLMENTS.labels("confirmed" if confirmed else "refused").inc()
        if not confirmed or pending is None:
            await self._answers.wait(answer_at)
            return Confirmed(False, hint=check.hint)
        try:
            return Confirmed(True, await self._make_codes(account_id, pending.id, context, quietly=True))
        except Unavailable:
            return Confirmed(True)

    async def status(self, account_id: str) -> FactorStatus:
        """The account's factor, without anything secret."""
        async with self._database.read() as connection:
            return await self.status_in(connection, account_id)

    async def status_in(self, connection: AsyncConnection, account_id: str) -> FactorStatus:
        """The same for whoever reads more besides."""
        held = await factors.standing(connection, account_id)
        left = await recovery.left(connection, account_id)
        reset = await reset_rows.open_of(connection, account_id)
        return status_of(account_id, held, left, reset, self._clock())

    async def remove(self, account_id: str, code: str, context: Context) -> Literal[True] | Refused:
        """Remove the factor, its recovery codes and any enrolment that waits; Refused when the code is refused."""
        answer_at = self._answers.due(code)
        async with self._database.begin() as connection:
            at = self._clock()
            check = await self._check_active(connection, account_id, code, context, at)
            if check.result == "passed" and check.factor_id is not None:
                await factors.retire(connection, account_id)
                await recovery.void(connection, account_id)
                await cancel_open(connection, account_id, at)
                news = News(at=at)
                await tell(
                    connection, account_id, "totp_removed", check.factor_id, news, "factor_removed", context
                )
            await self._checker.record(connection, "remove", account_id, check, context, at)
        count_check(check)
        if check.result == "passed":
            return True
        await self._answers.wait(answer_at)
        return Refused(check.hint)

    async def regenerate(self, account_id: str, code: str, context: Context) -> tuple[str, ...] | Refused:
        """New recovery codes in place of the old ones, shown this once; Refused when the code is."""
        answer_at = self._answers.due(code)
        async with self._database.begin() as connection:
            at = self._clock()
            check = await self._check_active(connection, account_id, code, context, at)
            await self._checker.record(connection, "regenerate", account_id, check, context, at)
        count_check(check)
        if check.result != "passed" or check.factor_id is None:
            await self._answers.wait(answer_at)
            return Refused(check.hint)
        return await self._make_codes(account_id, check.factor_id, context, quietly=False) or Refused()

    async def _check_present(
        self,
        connection: AsyncConnection,
        held: AccountFactors,
        account_id: str,
        code: str | None,
        context: Context,
        at: float,
    ) -> Check | None:
        """What came of the code of the factor in use; None when there is no factor. Raises FactorInUse without a code."""
        if held.in_use is None:
            return None
        if code is None:
            raise FactorInUse
        check = await self._checker.check(connection, account_id, "active", code, context, at)
        count_check(check)
        return check

    async def _check_active(
        self, connection: AsyncConnection, account_id: str, code: str, context: Context, at: float
    ) -> Check:
        await factors.hold(connection, account_id)
        return await self._checker.check(connection, account_id, "active", code, context, at)

    async def _activate(
        self, connection: AsyncConnection, account_id: str, pending: Kept, context: Context, at: float
    ) -> None:
        await factors.activate(connection, pending, at)
        await recovery.void(connection, account_id)
        await cancel_open(connection, account_id, at)
        if pending.replaces is None:
            change, notice = _ENROLLED
        else:
            change, notice = _REPLACED
        await tell(connection, account_id, change, pending.id, News(at=at), notice, context)

    async def _make_codes(
        self, account_id: str, factor_id: str, context: Context, *, quietly: bool
    ) -> tuple[str, ...]:
        """A new set for the factor; empty when it is gone. Hashing takes long, so it is done before the transaction."""
        made = await recovery.make(self._cost)
        async with self._database.begin() as connection:
            at = self._clock()
            held = await factors.hold(connection, account_id)
            if _id(held.in_use) != factor_id:
                return ()
            await recovery.keep(connection, account_id, made, at)
            about = f"{factor_id}\x00{at}"
            notice: Notice | None = None if quietly else "recovery_codes_made"
            # Part of a confirmation, whose own event says from where: one visit is not to look like two.
            whence = None if quietly else context
            await tell(connection, account_id, "recovery_codes_made", about, News(at=at), notice, whence)
            done = Done("made", factor_id)
            await self._checker.record(connection, "recovery_codes", account_id, done, context, at)
        return made.shown


async def _start(connection: AsyncConnection, new: NewFactor) -> None:
    """Start the enrolment; the last of rivals that start at once stays. Raises Unavailable when they are too many."""
    for _ in range(_RIVALS):
        if await factors.start_enrolment(connection, new):
            return
    raise Unavailable("other enrolments of the same account are under way")


async def _tell_started(
    connection: AsyncConnection, held: AccountFactors, new: NewFactor, context: Context
) -> None:
    # An enrolment that is begun again while it waits sends no second letter.
    waits = held.pending is not None and held.pending.waits_until(new.at) is not None
    notice: Notice | None = None if waits else "factor_started"
    await tell(connection, new.account_id, "totp_enrolment_started", new.id, News(at=new.at), notice, context)


async def _confirmable(connection: AsyncConnection, account_id: str) -> Kept | None:
    """The pending factor; voided when the factor in use is not the one it was allowed to replace."""
    held = await factors.hold(connection, account_id)
    if held.pending is None or held.pending.replaces == _id(held.in_use):
        return held.pending
    await factors.void_pending(connection, account_id)
    return None


def _id(kept: Kept | None) -> str | None:
    return None if kept is None else kept.id
