"""A PostgreSQL for one measurement, gone when that is done."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

import uvloop

from benchmarks.parts.real_stores import PostgresServer, new_parts_folder

Found = TypeVar("Found")


def on_own_postgres(measured: Callable[[str], Coroutine[Any, Any, Found]]) -> Found:
    """What `measured` finds, which is given the server's URL. Raises PartMissing where PostgreSQL is not installed."""
    folder = new_parts_folder()
    server = PostgresServer(folder / "postgres")
    try:
        url = server.start()
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            return runner.run(measured(url))
    finally:
        server.stop()
        shutil.rmtree(folder, ignore_errors=True)
