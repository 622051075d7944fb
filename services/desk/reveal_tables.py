"""The table of what staff had shown in clear. Times are epoch seconds."""

from __future__ import annotations

from sqlalchemy import Column, Double, Index, String, Table

from services.cases.tables import ID
from services.platform.database import metadata

#: One row a field that somebody had shown from `at` to `until`; `why` is one of the reasons that the page offers. What was shown
#: is not kept.
reveals = Table(
    "reveals",
    metadata,
    Column("reveal_id", String(32), primary_key=True),
    Column("at", Double, nullable=False),
    Column("until", Double, nullable=False),
    Column("actor", String(128), nullable=False),
    Column("role", String(16), nullable=False),
    Column("account_id", ID, nullable=False),
    Column("case_id", ID, nullable=False),
    Column("field", String(32), nullable=False),
    Column("why", String(32), nullable=False),
    Index(None, "actor", "at"),
    Index(None, "account_id"),
    Index(None, "at"),
)
