"""The table of activity: one row an event, kept by month of the event's own day so that old months are dropped whole."""

from __future__ import annotations

from sqlalchemy import Column, Date, Double, Index, LargeBinary, String, Table, text

from services.platform.database import metadata

_ID = String(128)
_KEY = LargeBinary(16)
#: Attempts that failed are looked for by time.
_FAILED = "outcome IN ('failure', 'failed')"

#: `section` is `money` (transactions) or `access` (all else): each is kept its own time. `day` is that of the event's own time
#: in UTC, whatever that says, so a repeat of an event finds the row before it; `at` (epoch seconds) is the event's time as
#: PayGuard believes it. Keys are keyed hashes. `kind` is the transaction's, the change's, the challenge's purpose, or the verdict
#: of a report or label; `about_event_id` is what an outcome, report or label speaks of. `reference` is the wallet's number of the
#: money, `channel` what it goes by.
activity = Table(
    "activity",
    metadata,
    Column("section", String(8), primary_key=True),
    Column("day", Date, primary_key=True),
    Column("account_id", _ID, primary_key=True),
    Column("event_id", _ID, primary_key=True),
    Column("at", Double, nullable=False),
    Column("type", String(32), nullable=False),
    Column("kind", String(32)),
    Column("outcome", String(16)),
    Column("reason", String(256)),
    Column("amount", String(64)),
    Column("currency", String(8)),
    Column("payee_id", _ID),
    Column("payee_key", _KEY),
    Column("device_key", _KEY),
    Column("network_key", _KEY),
    Column("device", String(128)),
    Column("country", String(2)),
    Column("city", String(128)),
    Column("network_kind", String(16)),
    Column("session_id", String(256)),
    Column("about_event_id", _ID),
    Column("reference", _ID),
    Column("channel", String(64)),
    Column("ip_key", _KEY),
    Index(None, "account_id", "at", "event_id"),
    Index(
        None,
        "device_key",
        "at",
        sqlite_where=text("device_key IS NOT NULL"),
        postgresql_where=text("device_key IS NOT NULL"),
    ),
    Index(
        None,
        "payee_key",
        "at",
        sqlite_where=text("payee_key IS NOT NULL"),
        postgresql_where=text("payee_key IS NOT NULL"),
    ),
    Index(
        None,
        "network_key",
        "at",
        sqlite_where=text("network_key IS NOT NULL"),
        postgresql_where=text("network_key IS NOT NULL"),
    ),
    Index(
        None,
        "reference",
        sqlite_where=text("reference IS NOT NULL"),
        postgresql_where=text("reference IS NOT NULL"),
    ),
    Index(
        None,
        "channel",
        "at",
        sqlite_where=text("channel IS NOT NULL"),
        postgresql_where=text("channel IS NOT NULL"),
    ),
    Index("ix_activity_failed_at", "at", sqlite_where=text(_FAILED), postgresql_where=text(_FAILED)),
    postgresql_partition_by="LIST (section)",
)
