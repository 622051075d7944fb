"""What an owner may do with a code and not without: the code and the act become true together or not at all."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeVar

from sqlalchemy.ext.asyncio import AsyncConnection

from services.mfa import factors
from services.mfa.constant_time_response import AnswerTime
from services.mfa.counts import count_check
from services.mfa.factor_check import CodeChecker
from services.mfa.factor_records import Refused
from services.mfa.records import Context
from services.platform.database import Database

Done = TypeVar("Done")


class WithCode:
    """`clock` gives epoch seconds."""

    def __init__(
        self,
        database: Database,
        checker: CodeChecker,
        clock: Callable[[], float],
        answers: AnswerTime | None = None,
    ) -> None:
        self._database = database
        self._checker = checker
        self._clock = clock
        self._answers = answers or AnswerTime()

    async def do(
        self,
        name: str,
        account_id: str,
        code: str,
        context: Context,
        act: Callable[[AsyncConnection, float], Awaitable[Done]],
    ) -> Done | Refused:
        """What `act` answers, carried out in the transaction that burns the code; Refused when the code is.

        `name` is what the audit calls the use of the code; `act` gets the connection and the time. What it raises undoes all,
        and the code may be used again. Raises as every check of a code.
        """
        answer_at = self._answers.due(code)
        async with self._database.begin() as connection:
            at = self._clock()
            await factors.hold(connection, account_id)
            check = await self._checker.check(connection, account_id, "active", code, context, at)
            done = await act(connection, at) if check.result == "passed" else None
            await self._checker.record(connection, name, account_id, check, context, at)
        count_check(check)
        if done is not None:
            return done
        await self._answers.wait(answer_at)
        return Refused(check.hint)
