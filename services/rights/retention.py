"""Takes what is past keeping out of SQL, a few hundred rows a transaction."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from sqlalchemy import delete, select, tuple_

from services.platform.database import Database, metadata
from services.platform.metrics import ROWS_FORGOTTEN
from services.platform.progress import Progress
from services.platform.retry import repeat
from services.platform.settings import Settings
from services.rights.rule import Rule
from services.rights.rules import RULES

DAY_S = 86_400.0
_EVERY_S = 3600.0
_LOOK_EVERY_S = 10.0
#: SQLite has one writer: a longer transaction would keep verifications waiting.
_BATCH_ROWS = 500


class Retention:
    """Forgets what is past keeping once an hour; several may run on one database."""

    def __init__(self, settings: Settings, database: Database, clock: Callable[[], float]) -> None:
        """`clock` gives epoch seconds."""
        self._settings = settings
        self._database = database
        self._clock = clock
        self._due_at = 0.0

    async def run(self, progress: Progress) -> None:
        """Go on until cancelled; a database that is away is waited for."""

        async def step() -> int:
            if (now := self._clock()) >= self._due_at:
                await self.forget(progress)
                self._due_at = now + _EVERY_S
            progress.worked()
            return 0

        await repeat(step, asyncio.Event(), progress.failed, _LOOK_EVERY_S)

    async def forget(self, progress: Progress | None = None) -> int:
        """Take all that is past keeping now; how many rows. Raises Unavailable, and what was taken by then is gone."""
        total = 0
        for rule in RULES:
            while taken := await self._take(rule):
                total += taken
                if progress is not None:
                    progress.turned()
                if taken < _BATCH_ROWS:
                    break
        return total

    async def _take(self, rule: Rule) -> int:
        if rule.over is None or rule.days is None:
            return 0
        before = self._clock() - rule.days(self._settings) * DAY_S
        table = metadata.tables[rule.table]
        key = tuple_(*table.primary_key.columns)
        past = select(*table.primary_key.columns).where(rule.over(before)).limit(_BATCH_ROWS)
        async with self._database.begin() as connection:
            taken = (await connection.execute(delete(table).where(key.in_(past)))).rowcount
        ROWS_FORGOTTEN.labels(rule.table).inc(taken)
        return taken
