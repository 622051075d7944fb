"""Events in, rows of activity out: a consumer group of its own, beside the worker's."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence

from aiokafka import ConsumerRecord

from contracts.errors import Unavailable
from contracts.events import AnyEvent
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
#: How many times what others take at once is taken from the broker; and after how many records the writing has its turn.
_PARTS, _TURN = 4, 200


def kept_days(settings: Settings) -> Mapping[str, int]:
    """For how many days each section is kept."""
    return {"money": settings.activity_money_days, "access": settings.activity_access_days}


#: Tells owners of events; raises Unavailable to get the same batch again.
Tell = Callable[[Sequence[AnyEvent]], Awaitable[None]]


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
        *tells: Tell,
    ) -> None:
        """`tells` hear of events once their rows are kept, again where a batch is repeated."""
        self._tells = tells
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
        return [row_of(event) for event in self._events(records)]

    def _events(self, records: Sequence[ConsumerRecord]) -> list[AnyEvent]:
        incoming = decode(records, self._settings.future_skew_s, self._check_own)
        self._enricher.enrich(incoming.events)
        return list(incoming.events)

    async def keep(self, records: Sequence[ConsumerRecord]) -> None:
        """Make the events among the records durable as rows, then tell of them. Raises Unavailable when some are not."""
        events: list[AnyEvent] = []
        rows: list[Row] = []
        reading = self._read(records, events, rows)
        kept = await self._store.write_while_reading(reading)
        if kept is not None:
            ACTIVITY_ROWS.labels("kept").inc(kept)
            ACTIVITY_ROWS.labels("repeated").inc(len(rows) - kept)
        else:
            for _ in reading:
                await asyncio.sleep(0)
            await self._write(rows)
        gone = {row.account_id for row in rows if row.type == ERASURE}
        left = [event for event in events if event.account_id not in gone] if gone else events
        for tell in self._tells:
            await tell(left)

    def _read(
        self, records: Sequence[ConsumerRecord], events: list[AnyEvent], rows: list[Row]
    ) -> Iterator[Sequence[Row]]:
        """The records' rows, some at a time, which are added to `rows` as their events are to `events`."""
        for first in range(0, len(records), _TURN):
            some = self._events(records[first : first + _TURN])
            read = [row_of(event) for event in some]
            events += some
            rows += read
            yield read

    async def _write(self, rows: Sequence[Row]) -> None:
        """Make the rows durable some at a time, and forget at an erasure what came before it."""
        for first in range(0, len(rows), self._part):
            for part, erased in _until_erasures(rows[first : first + self._part]):
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
