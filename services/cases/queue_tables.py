"""Tables of the desk's queue. Times are epoch seconds."""

from __future__ import annotations

from sqlalchemy import Column, Double, Index, String, Table, Text

from services.cases.tables import ID
from services.platform.database import metadata

#: Who looks at a case, by its page's sign of life.
presence = Table(
    "presence",
    metadata,
    Column("case_id", ID, primary_key=True),
    Column("name", String(128), primary_key=True),
    Column("seen_at", Double, nullable=False),
    Index(None, "name"),
)

#: What one person did to several cases at once: `kept` is JSON, what each was before and its version since. It can be taken back
#: for a while.
bulk_acts = Table(
    "bulk_acts",
    metadata,
    Column("bulk_id", String(32), primary_key=True),
    Column("kind", String(16), nullable=False),
    Column("by", String(128), nullable=False),
    Column("at", Double, nullable=False),
    Column("kept", Text, nullable=False),
    Column("undone_at", Double),
    Index(None, "at"),
)
