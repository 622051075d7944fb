"""Tables of the work on a case: steps that were done, and what support wrote down. Times are epoch seconds."""

from __future__ import annotations

from sqlalchemy import Column, Double, ForeignKey, String, Table, Text

from services.cases.tables import ID, cases
from services.platform.database import metadata

#: A step of the case's kind that somebody ticked; a row goes when it is taken back.
case_steps = Table(
    "case_steps",
    metadata,
    Column("case_id", ID, ForeignKey(cases.c.case_id), primary_key=True),
    Column("step", String(32), primary_key=True),
    Column("account_id", ID, nullable=False, index=True),
    Column("done_at", Double, nullable=False),
    Column("done_by", String(128), nullable=False),
)

#: A field of the case's kind, as it was last filled in.
case_fields = Table(
    "case_fields",
    metadata,
    Column("case_id", ID, ForeignKey(cases.c.case_id), primary_key=True),
    Column("field", String(32), primary_key=True),
    Column("account_id", ID, nullable=False, index=True),
    Column("value", Text, nullable=False),
    Column("set_at", Double, nullable=False),
    Column("set_by", String(128), nullable=False),
)
