"""What the same machine does with Faust as its documentation teaches it: one agent, one Table.

For each event: is the device new to the account, and what is the account's mean amount. The table is kept in memory
with its changelog topic, as Faust does unless told otherwise; nothing is produced besides. Raw values, msgspec and uvloop
are faster than Faust's own JSON and loop, so the comparison leans towards Faust.
`python -m benchmarks.workloads.faust_table` reads the same settings as `payguard worker`.
"""

from __future__ import annotations

import sys
from typing import Any

import faust
import uvloop
from msgspec import Struct, json

from services.bootstrap.processes import configure_logging
from services.platform.settings import Settings, load_settings

TABLE = "accounts"
_MOST_DEVICES = 16


class Seen(Struct, frozen=True):
    """The members of an event that this job reads."""

    account_id: str
    device_id: str = ""
    amount: str = ""


def changelog_of(group: str) -> str:
    """The topic the table's changes go to: one record an event."""
    return f"{group}-{TABLE}-changelog"


def build(settings: Settings) -> Any:
    """The application, stock in everything that is not named here."""
    app = faust.App(
        settings.consumer_group,
        broker=[f"kafka://{server}" for server in settings.kafka.split(",")],
        store="memory://",
        datadir=str(settings.data_dir),
        topic_partitions=settings.partitions,
        topic_replication_factor=settings.replication,
        consumer_auto_offset_reset="earliest",
        broker_session_timeout=settings.session_timeout_s,
        broker_heartbeat_interval=settings.session_timeout_s / 4,
        topic_disable_leader=True,
        web_enabled=False,
    )
    events = app.topic(settings.topic_events, key_serializer="raw", value_serializer="raw")
    accounts = app.Table(TABLE, partitions=settings.partitions)
    decode = json.Decoder(Seen).decode

    @app.agent(events)
    async def remember(stream: Any) -> None:
        async for value in stream:
            event = decode(value)
            devices, count, mean = accounts.get(event.account_id) or ([], 0, 0.0)
            if event.device_id not in devices:
                devices = [*devices[-_MOST_DEVICES + 1 :], event.device_id]
            if event.amount:
                count += 1
                mean += (float(event.amount) - mean) / count
            accounts[event.account_id] = [devices, count, mean]

    return app


def main() -> int:
    """Run until SIGTERM."""
    settings = load_settings()
    configure_logging(settings)
    uvloop.install()
    worker = faust.Worker(
        build(settings), loglevel=settings.log_level, quiet=True, console_port=None, redirect_stdouts=False
    )
    try:
        worker.execute_from_commandline()
    except SystemExit as stop:
        return int(stop.code or 0)
    return 0


if __name__ == "__main__":
    sys.exit(main())
