"""How fast events become rows of activity, against a plain COPY of the same rows into a table of the same form.

`python -m benchmarks.activity_drain --rows 200000` starts a PostgreSQL of its own. Part by part, so that both meet the same
machine, it copies rows that were made beforehand into a table with the same columns and indexes, and has the steps of the
activity process (decode, enrich, row, write) take the same events in its batches. Each part's first batch comes twice.
"""

from __future__ import annotations

import argparse
import base64
import gc
import time
from collections.abc import Sequence
from typing import Any

from aiokafka import ConsumerRecord
from msgspec import Struct
from sqlalchemy import func, select, text, tuple_

from benchmarks.parts.own_postgres import on_own_postgres
from benchmarks.workloads.events import EVENTS_A_DAY, bench_events
from benchmarks.workloads.records import record_of
from services.activity.rows import Row
from services.activity.service import ActivityService
from services.activity.tables import activity
from services.bootstrap.activity import open_activity
from services.platform.database import Database
from services.platform.progress import Consumers
from services.platform.settings import Settings

PARTS = 10
DAYS = 30
_DAY_MS = 86_400_000
_COLUMNS = ", ".join(Row._fields)
_COPY = f"COPY plain ({_COLUMNS}) FROM STDIN"
_KEY = base64.b64encode(bytes(range(32))).decode()


class Drained(Struct, frozen=True):
    """What a run found: seconds of each way, and what is in the table afterwards."""

    rows: int
    copy_s: float
    drain_s: float
    kept: int
    distinct: int
    bytes_a_row: float

    def line(self) -> str:
        """The figures as one line for people."""
        return (
            f"{self.rows:,} events: plain COPY {self.rows / self.copy_s:,.0f} rows/s, drained {self.rows / self.drain_s:,.0f} "
            f"rows/s, ratio {self.copy_s / self.drain_s:.2f}; {self.bytes_a_row:,.0f} bytes a row, indexes counted; "
            f"lost {self.rows - self.distinct}, double {self.kept - self.distinct}"
        )


def made_records(rows: int, now_ms: int) -> list[ConsumerRecord]:
    """Events of the last DAYS days as the broker would give them."""
    accounts = max(1, rows // (EVENTS_A_DAY * DAYS))
    made = bench_events(accounts, rows, 11, now_ms - DAYS * _DAY_MS)
    return [record_of(offset, key, value, now_ms) for offset, (key, value) in enumerate(made)]


async def measured(url: str, rows: int) -> Drained:
    """Copy and drain in turns on a new database."""
    settings = Settings(database=url, pseudonym_key=_KEY, event_key=_KEY)
    database = Database(url)
    try:
        await database.migrate()
        async with database.begin() as connection:
            await connection.execute(text("CREATE TABLE plain (LIKE activity INCLUDING ALL)"))
        service = open_activity(settings, database, Consumers())
        records = made_records(rows, int(time.time() * 1000))
        gc.freeze()  # no process holds a million records: the collector need not look at them
        each = -(-rows // PARTS)
        copy_s = drain_s = 0.0
        for first in range(0, rows, each):
            part = records[first : first + each]
            copy_s += await _copied(database, service.rows(part))
            drain_s += await _drained(service, part)
        return await _counted(database, rows, copy_s, drain_s)
    finally:
        await database.close()


async def _copied(database: Database, rows: Sequence[Row]) -> float:
    began = time.perf_counter()
    async with database.begin() as connection:
        raw: Any = (await connection.get_raw_connection()).driver_connection
        async with raw.cursor() as cursor, cursor.copy(_COPY) as copy:
            for row in rows:
                await copy.write_row(row)
    return time.perf_counter() - began


async def _drained(service: ActivityService, records: Sequence[ConsumerRecord]) -> float:
    """Seconds for all of them; the repeat of the first batch is not timed."""
    batch = service.most_records
    began = time.perf_counter()
    for first in range(0, len(records), batch):
        await service.keep(records[first : first + batch])
    took_s = time.perf_counter() - began
    await service.keep(records[:batch])
    return took_s


async def _counted(database: Database, rows: int, copy_s: float, drain_s: float) -> Drained:
    identity = tuple_(activity.c.account_id, activity.c.event_id)
    size = text("SELECT sum(pg_total_relation_size(relid)) FROM pg_partition_tree('activity') WHERE isleaf")
    async with database.read() as connection:
        kept = int(await connection.scalar(select(func.count()).select_from(activity)) or 0)
        distinct = int(await connection.scalar(select(func.count(identity.distinct()))) or 0)
        taken = int(await connection.scalar(size) or 0)
    return Drained(rows, copy_s, drain_s, kept, distinct, taken / max(1, kept))


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=200_000, help="events (200000)")
    rows = parser.parse_args().rows
    print(on_own_postgres(lambda url: measured(url, rows)).line())


if __name__ == "__main__":
    main()
