"""An owner takes a "not me" back with a code of the second factor, within the time that the policy gives."""

from __future__ import annotations

from collections.abc import Callable

from services.audit import audit_log
from services.cases import owner_words
from services.cases.owner_words import OwnerWord, Undone
from services.mfa import factors
from services.mfa.constant_time_response import AnswerTime
from services.mfa.counts import count_check
from services.mfa.factor_check import CodeChecker
from services.mfa.factor_records import Refused
from services.mfa.records import Context
from services.platform.database import Database


class NoReport(Exception):
    """The account has no such report, or it is not one that can be taken back."""


class UndoOver(Exception):
    """The report was taken back before, or its time is over."""


class ReportUndo:
    """Takes reports back. `clock` gives epoch seconds; `undo_s` is how long after a report it may be."""

    def __init__(
        self,
        database: Database,
        checker: CodeChecker,
        clock: Callable[[], float],
        undo_s: float = 900.0,
        answers: AnswerTime | None = None,
    ) -> None:
        self.undo_s = undo_s
        self._database = database
        self._checker = checker
        self._clock = clock
        self._answers = answers or AnswerTime()

    def open_until(self, word: OwnerWord | None) -> float | None:
        """Until when (epoch seconds) the report can be taken back; None when it cannot."""
        if word is None or word.verdict != "not_me" or word.undone_at is not None:
            return None
        until = word.told_at + self.undo_s
        return until if until > self._clock() else None

    async def undo(self, account_id: str, event_id: str, code: str, context: Context) -> Undone | Refused:
        """Take the report `event_id` back; Refused when the code is. Raises NoReport, UndoOver, and as every check of a code.

        What its freeze stopped may move again, its case is withdrawn if nobody has touched it, and sessions stay ended.
        """
        answer_at = self._answers.due(code)
        async with self._database.begin() as connection:
            at, undone = self._clock(), None
            await factors.hold(connection, account_id)
            word = await owner_words.word_of(connection, account_id, event_id)
            if word is None or word.verdict != "not_me":
                raise NoReport
            if self.open_until(word) is None:
                raise UndoOver
            check = await self._checker.check(connection, account_id, "active", code, context, at)
            if check.result == "passed":
                undone = await owner_words.take_back(connection, word, at)
                if undone is None:
                    raise UndoOver
            await self._checker.record(connection, "report_undo", account_id, check, context, at)
            if undone is not None:
                await audit_log.record(connection, owner_words.taken_back(word, context.actor, at))
        count_check(check)
        if undone is not None:
            return undone
        await self._answers.wait(answer_at)
        return Refused(check.hint)
