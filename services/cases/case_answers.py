"""What support answers an owner in a case: words that the owner reads, and the end of what was reported."""

from __future__ import annotations

from collections.abc import Callable

from msgspec import Struct

from contracts.report_kinds import Outcome
from services.cases import states
from services.cases.case_records import FileKept, Told, files_of, told_of
from services.cases.case_rows import case_of, of_version
from services.cases.endings import close, write_to_owner
from services.platform.database import Database


class Answer(Struct, frozen=True, kw_only=True):
    """How a report ended: `message` is for its owner, `note` for support alone."""

    outcome: Outcome
    message: str
    note: str | None = None


class CaseAnswers:
    """Every method raises Unavailable when the database is away, IllegalTransition and Conflict."""

    def __init__(self, database: Database, clock: Callable[[], float]) -> None:
        self._database = database
        self._clock = clock

    async def told(self, case_id: str) -> tuple[Told | None, list[FileKept]]:
        """What the owner reported, and the files beside the case."""
        async with self._database.read() as connection:
            return await told_of(connection, case_id), await files_of(connection, case_id)

    async def write(self, case_id: str, text: str, actor: str, version: int | None) -> states.Case | None:
        """Write to the owner: the words stand in their case, and a letter says so. None when there is no such case."""
        async with self._database.begin() as connection:
            case = await case_of(connection, case_id, lock=True)
            if case is None:
                return None
            return await write_to_owner(connection, of_version(case, version), text, actor, self._clock())

    async def close(
        self, case_id: str, answer: Answer, actor: str, version: int | None
    ) -> states.Case | None:
        """End what was reported, and tell its owner how and why. None when there is no such case."""
        async with self._database.begin() as connection:
            case = await case_of(connection, case_id, lock=True)
            if case is None:
                return None
            case = of_version(case, version)
            ended = answer.outcome, answer.message, actor, answer.note
            return await close(connection, case, *ended, self._clock())
