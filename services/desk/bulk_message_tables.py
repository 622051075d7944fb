"""The table of messages to many owners at once. Times are epoch seconds."""

from __future__ import annotations

from sqlalchemy import Column, Double, ForeignKey, Index, Integer, String, Table

from services.cases.tables import ID, cases
from services.platform.database import metadata

#: One message to everybody whose payments failed at `channel` from `since` to `until`, as the case shows; `account_id` is that of
#: the case. Whom it went to stands in `notices`, whose event is the message. `owners`: how many. `leaves_at` is None until a
#: second person has allowed it where one is needed; `undone_at`: it was taken back, or refused.
bulk_messages = Table(
    "bulk_messages",
    metadata,
    Column("message_id", String(32), primary_key=True),
    Column("case_id", ID, ForeignKey(cases.c.case_id), nullable=False, index=True),
    Column("account_id", ID, nullable=False, index=True),
    Column("template", String(64), nullable=False),
    Column("channel", String(64), nullable=False),
    Column("since", Double, nullable=False),
    Column("until", Double, nullable=False),
    Column("owners", Integer, nullable=False),
    Column("asked_by", ID, nullable=False),
    Column("asked_at", Double, nullable=False),
    Column("leaves_at", Double),
    Column("undone_at", Double),
    Index(None, "channel", "asked_at"),
)
