"""The table of what owners answered by the links in letters. Times are epoch seconds."""

from __future__ import annotations

from sqlalchemy import CheckConstraint, Column, Double, Index, String, Table

from services.cases.tables import ID
from services.platform.database import metadata

#: One row a link that was answered; `link_hash` is the SHA-256 of its text, `event_id` what was asked about, `report_id` the
#: owner's report that followed. Before an answer there is no row: a link's text follows from its notice.
answer_links = Table(
    "answer_links",
    metadata,
    Column("link_hash", String(64), primary_key=True),
    Column("account_id", ID, nullable=False, index=True),
    Column("notice_id", ID, nullable=False, unique=True),
    Column("event_id", ID, nullable=False),
    Column("expires_at", Double, nullable=False),
    Column("answered_at", Double, nullable=False),
    Column("answer", String(16), nullable=False),
    Column("proof", String(16), nullable=False),
    Column("report_id", ID, nullable=False),
    CheckConstraint("answer IN ('was_me', 'not_me')", name="answer"),
    CheckConstraint("proof IN ('link', 'code')", name="proof"),
    Index(None, "answered_at"),
)
