"""Taking a factor away from an account whose owner cannot give a code: two administrators, a delay, and word to the owner.

One administrator asks, another approves, unless the policy leaves that to one. A notice to the owner is due at once, and the
owner may cancel with a code; an administrator may cancel too. Carried out once, by the sweeper, after the delay. A request
that nobody approves lapses.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable
from typing import Literal

from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.errors import Unavailable
from services.audit import audit_log
from services.cases import approvals
from services.cases.approvals import Act, Approval
from services.http.api_keys import Acting
from services.mfa import factors, recovery, reset_rows
from services.mfa.changes import News, tell
from services.mfa.constant_time_response import AnswerTime
from services.mfa.counts import count_check
from services.mfa.factor_check import CodeChecker
from services.mfa.factor_records import Refused, Reset, ResetState
from services.mfa.records import Context
from services.mfa.reset_rows import LAPSES_AFTER_S, OWNER, PAYGUARD, Stand, keys_stand
from services.platform.database import Database
from services.platform.progress import Progress

ACT: Act = "factor_reset"
DELAY_S = 86_400.0
SWEEP_EVERY_S = 5.0
SWEEP_ROWS = 100


class NoFactor(Exception):
    """The account has no factor to take away."""


class ResetOpen(Exception):
    """The account has an open reset already."""


class NoReset(Exception):
    """There is no such reset, or none that is open."""


class NotWaiting(Exception):
    """The reset does not wait for this: it was approved before, or is over."""


class SameAdministrator(Exception):
    """The one who asked may not approve too."""


class FactorResets:
    """Resets of every account. `clock` gives epoch seconds; administrators are named by their idents."""

    def __init__(
        self,
        database: Database,
        checker: CodeChecker,
        clock: Callable[[], float],
        delay_s: float = DELAY_S,
        answers: AnswerTime | None = None,
        two_people: bool = True,
        stand: Stand = keys_stand,
    ) -> None:
        """`two_people`: whether another administrator must approve. `stand`: whether those who did may still act."""
        self._two_people = two_people
        self._stand = stand
        self._database = database
        self._checker = checker
        self._clock = clock
        self._delay_s = delay_s
        self._answers = answers or AnswerTime()

    async def request(self, account_id: str, by: Acting, reason: str) -> Reset:
        """Ask for a reset, and another administrator to approve it where two must; a notice tells the owner
        when it is due.

        Raises NoFactor, ResetOpen.
        """
        async with self._database.begin() as connection:
            at = self._clock()
            if (await factors.hold(connection, account_id)).in_use is None:
                raise NoFactor
            state: ResetState = "requested" if self._two_people else "approved"
            reset = Reset(secrets.token_hex(16), account_id, state, reason, by.ident, at, at + self._delay_s)
            if not await reset_rows.request(connection, reset):
                raise ResetOpen
            if self._two_people:
                await approvals.ask(
                    connection, ACT, reset.reset_id, account_id, by.actor, reason, at, LAPSES_AFTER_S
                )
            news = News(at=at, due_at=reset.due_at)
            await tell(
                connection, account_id, "totp_reset_requested", reset.reset_id, news, "reset_requested"
            )
            await _record(connection, "reset_request", reset, _named(by), at)
        return reset

    async def approve(self, reset_id: str, by: Acting) -> Reset:
        """Approve another administrator's request. Raises NoReset, SameAdministrator, NotWaiting."""
        async with self._database.begin() as connection:
            at = self._clock()
            if await reset_rows.find(connection, reset_id, hold=True) is None:
                raise NoReset
            asked = await approvals.open_of(connection, ACT, reset_id, at)
            if asked is not None:
                try:
                    await approvals.decide(connection, asked.approval_id, by.actor, "approved", at)
                except approvals.SamePerson:
                    raise SameAdministrator from None
            return await _approve(connection, reset_id, by, at)

    async def allowed(self, connection: AsyncConnection, approval: Approval, by: Acting, now: float) -> None:
        """What follows when the act was allowed among the approvals: as `approve`. Raises NothingLeft."""
        try:
            await _approve(connection, approval.subject, by, now)
        except (NoReset, NotWaiting, SameAdministrator):
            raise approvals.NothingLeft(
                "the reset does not wait for an approval by whoever gives it"
            ) from None

    async def refused(self, connection: AsyncConnection, approval: Approval, by: Acting, now: float) -> None:
        """What follows when it was refused there: the reset is cancelled, and a notice to the owner is due."""
        cancelled = await _cancel(connection, approval.subject, by.ident, now)
        if cancelled is not None:
            await _record(connection, "reset_cancel", cancelled, _named(by), now)

    async def cancel(self, reset_id: str, key_id: str) -> Reset:
        """Cancel an open reset as an administrator. Raises NoReset, NotWaiting."""
        async with self._database.begin() as connection:
            at = self._clock()
            if await reset_rows.find(connection, reset_id, hold=True) is None:
                raise NoReset
            cancelled = await _cancel(connection, reset_id, key_id, at)
            if cancelled is None:
                raise NotWaiting
            await _record(connection, "reset_cancel", cancelled, f"key {key_id}", at)
        return cancelled

    async def cancel_own(self, account_id: str, code: str, context: Context) -> Literal[True] | Refused:
        """Cancel the account's open reset with a code of its factor; Refused when that is. Raises NoReset."""
        answer_at = self._answers.due(code)
        async with self._database.begin() as connection:
            at = self._clock()
            await factors.hold(connection, account_id)
            if await reset_rows.open_of(connection, account_id) is None:
                raise NoReset
            check = await self._checker.check(connection, account_id, "active", code, context, at)
            if check.result == "passed":
                await cancel_open(connection, account_id, at)
            await self._checker.record(connection, "reset_cancel", account_id, check, context, at)
        count_check(check)
        if check.result == "passed":
            return True
        await self._answers.wait(answer_at)
        return Refused(check.hint)

    async def newest(self, account_id: str | None, only_open: bool, limit: int) -> list[Reset]:
        """Resets, last requested first: of one account if given, only open ones if asked."""
        async with self._database.read() as connection:
            return await reset_rows.newest(connection, account_id, only_open, limit)

    async def carry_out_due(self, limit: int = SWEEP_ROWS) -> int:
        """End the open resets whose time has come, at most `limit`; how many. Several processes may do this at once."""
        async with self._database.read() as connection:
            due = await reset_rows.due(connection, self._clock(), limit)
        ended = 0
        for reset in due:
            async with self._database.begin() as connection:
                ended += await self._end(connection, reset)
        return ended

    async def sweep_for_ever(self, progress: Progress, every_s: float = SWEEP_EVERY_S) -> None:
        """Carry out due resets every `every_s` seconds until cancelled; waits when the database is away."""
        while True:
            try:
                while await self.carry_out_due() == SWEEP_ROWS:
                    progress.turned()
                progress.worked()
            except Unavailable as error:
                progress.failed(error.reason)
            await asyncio.sleep(every_s)

    async def _both_stand(self, connection: AsyncConnection, reset: Reset) -> bool:
        """Whether those who asked and approved may still act."""
        people = {each for each in (reset.requested_by, reset.approved_by) if each is not None}
        return await self._stand(connection, people)

    async def _end(self, connection: AsyncConnection, reset: Reset) -> bool:
        at = self._clock()
        held = await factors.hold(connection, reset.account_id)
        if reset.state == "requested":
            return await _give_up(connection, reset, "lapsed", at)
        if held.in_use is None or not await self._both_stand(connection, reset):
            return await _give_up(connection, reset, "cancelled", at)
        done = await reset_rows.end(connection, reset.reset_id, "done", PAYGUARD, at, ("approved",))
        if done is None:
            return False
        await factors.retire(connection, reset.account_id)
        await recovery.void(connection, reset.account_id)
        news = News(at=at)
        await tell(connection, reset.account_id, "totp_removed", held.in_use.id, news, "reset_done")
        await _record(connection, "reset", done, PAYGUARD, at, held.in_use.id)
        return True


async def cancel_open(connection: AsyncConnection, account_id: str, at: float) -> bool:
    """Cancel the account's open reset, if there is one, because its owner gave a code; whether there was one."""
    found = await reset_rows.open_of(connection, account_id)
    return found is not None and await _cancel(connection, found.reset_id, OWNER, at) is not None


async def _approve(connection: AsyncConnection, reset_id: str, by: Acting, at: float) -> Reset:
    found = await reset_rows.find(connection, reset_id, hold=True)
    if found is None:
        raise NoReset
    if found.requested_by == by.ident:
        raise SameAdministrator
    approved = await reset_rows.approve(connection, reset_id, by.ident, at)
    if approved is None:
        raise NotWaiting
    await tell(connection, approved.account_id, "totp_reset_approved", reset_id, News(at=at), None)
    await _record(connection, "reset_approve", approved, _named(by), at)
    return approved


async def _cancel(connection: AsyncConnection, reset_id: str, ended_by: str, at: float) -> Reset | None:
    cancelled = await reset_rows.end(connection, reset_id, "cancelled", ended_by, at)
    if cancelled is not None:
        await approvals.end(connection, ACT, reset_id, at)
        news = News(at=at)
        await tell(
            connection, cancelled.account_id, "totp_reset_cancelled", reset_id, news, "reset_cancelled"
        )
    return cancelled


async def _give_up(
    connection: AsyncConnection, reset: Reset, state: Literal["lapsed", "cancelled"], at: float
) -> bool:
    ended = await reset_rows.end(connection, reset.reset_id, state, PAYGUARD, at, (reset.state,))
    if ended is None:
        return False
    await approvals.end(connection, ACT, reset.reset_id, at)
    await tell(
        connection, reset.account_id, "totp_reset_cancelled", reset.reset_id, News(at=at), "reset_cancelled"
    )
    await _record(connection, "reset", ended, PAYGUARD, at)
    return True


def _named(by: Acting) -> str:
    """Who the audit says it was: a key by its id, a member of staff by name."""
    return f"key {by.ident}" if by.actor.startswith("key:") else by.actor


async def _record(
    connection: AsyncConnection,
    action: str,
    reset: Reset,
    actor: str,
    at: float,
    factor_id: str | None = None,
) -> None:
    entry = audit_log.Entry(
        at=at,
        action=action,
        result=reset.state,
        actor=actor,
        account_id=reset.account_id,
        factor_id=factor_id,
        reason=reset.reason,
    )
    await audit_log.record(connection, entry)
