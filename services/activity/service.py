"""Events in, rows of activity out: a consumer group of its own, beside the worker's."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Mapping, Sequence

from aiokafka import ConsumerRecord

from contracts.errors import Unavailable
from services.activity.repository import ActivityStore
from services.activity.rows import ERASURE, Row, row_of
from services.enrichment.enrich import Enricher
from services.events.decode import CheckOwn, decode
from services.platform.database import Database
from services.platform.metrics import ACTIVITY_ROWS
from services.platform.progress import Consumers
from services.platform.retry import pause
from services.platform.settings import Settings
from services.platform.topic_consumer import Source, TopicConsumer

_SWEEP_EVERY_S = 3600.0
_LOOK_EVERY_S = 10.0
#: SQLite has one writer: a longer transaction would keep verifications waiting.
_SQLITE_ROWS = 500
#: Parts of a batch, of which one is written while the next is read; and after how many records the writing has its turn.
_PARTS, _TURN = 4, 200


def kept_days(settings: Settings) -> Mapping[str, int]:
    """For how many days each section is kept."""
    return {"money": settings.activity_money_days, "access": settings.activity_access_days}


class ActivityService:
    """Keeps what happens until `stop`, and forgets what is past keeping.

    The database must be migrated. Records that are no events are the worker's to tell of: it makes them dead letters.
    """

    def __init__(
        self,
        settings: Settings,
        database: Database,
        enricher: Enricher,
        check_own: CheckOwn | None,
        clock: Callable[[], float],
        consumers: Consumers,
    ) -> None:
        self._settings = settings
        self._database = database
        self._enricher = enricher
        self._check_own = check_own
        self._clock = clock
        self._store = ActivityStore(database, kept_days(settings), clock, settings.erase_keeps_money_days)
        self._sweeping = consumers.add("activity-retention")
        self._part = _SQLITE_ROWS if database.is_sqlite else settings.batch_records
        #: as many as are taken from the broker at once
        self.most_records = _PARTS * self._part
        source = Source(
            settings.topic_events, settings.activity_group, "payguard-activity", self.most_records
        )
        self._consumer = TopicConsumer(settings, source, list, self.keep, consumers.add("activity"))
        self._stopping = asyncio.Event()

    async def run(self) -> None:
        """Work until `stop`."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._consumer.run(), name="activity-consumer")
            tasks.create_task(self._forget(), name="activity-retention")

    def stop(self) -> None:
        """Ask `run` to return after the work in hand."""
        self._stopping.set()
        self._consumer.stop()

    def rows(self, records: Sequence[ConsumerRecord]) -> list[Row]:
        """The rows of the events among these records."""
        incoming = decode(records, self._settings.future_skew_s, self._check_own)
        self._enricher.enrich(incoming.events)
        return [row_of(event) for event in incoming.events]

    async def keep(self, records: Sequence[ConsumerRecord]) -> None:
        """Make the events among the records durable as rows. Raises Unavailable when some are not: repeat them all.

        While the database writes one part, the next is read.
        """
        writing: asyncio.Task[None] | None = None
        try:
            for first in range(0, len(records), self._part):
                rows: list[Row] = []
                for start in range(first, min(first + self._part, len(records)), _TURN):
                    rows += self.rows(records[start : min(start + _TURN, first + self._part)])
                    await asyncio.sleep(0)
                if writing is not None:
                    await writing
                writing = asyncio.create_task(self._write(rows), name="activity-write")
            if writing is not None:
                await writing
        finally:
            if writing is not None and not writing.done():
                writing.cancel()
                await asyncio.wait([writing])

    async def _write(self, rows: Sequence[Row]) -> None:
        """Make the rows durable, and forget at an erasure what came before it."""
        for part, erased in _until_erasures(rows):
            new = await self._store.write(part)
            ACTIVITY_ROWS.labels("kept").inc(new)
            ACTIVITY_ROWS.labels("repeated").inc(len(part) - new)
            if erased is not None:
                await self._store.erase(erased)

    async def _forget(self) -> None:
        due_at = 0.0
        while not self._stopping.is_set():
            try:
                if (now := self._clock()) >= due_at:
                    await self._store.forget_old()
                    due_at = now + _SWEEP_EVERY_S
                self._sweeping.worked()
            except Unavailable as error:
                self._sweeping.failed(error.reason)
            await pause(self._stopping, _LOOK_EVERY_S)


def _until_erasures(rows: Sequence[Row]) -> Iterator[tuple[Sequence[Row], str | None]]:
    """The rows in parts, each with the account that is erased behind it; the last has none."""
    first = 0
    for index, row in enumerate(rows):
        if row.type == ERASURE:
            yield rows[first:index], row.account_id
            first = index + 1
    yield rows[first:], None
