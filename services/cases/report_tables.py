"""Tables of what owners report, and of the files that they add. Times are epoch seconds."""

from __future__ import annotations

from sqlalchemy import Column, Double, ForeignKey, Integer, LargeBinary, String, Table, Text, UniqueConstraint

from services.cases.tables import ID, cases
from services.platform.database import metadata

#: What an owner reported: `answers` is JSON, the fields of the kind; `through` is a page, or a key of the wallet's backend.
case_reports = Table(
    "case_reports",
    metadata,
    Column("case_id", ID, ForeignKey(cases.c.case_id), primary_key=True),
    Column("account_id", ID, nullable=False, index=True),
    Column("answers", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("through", String(16), nullable=False),
    Column("made_at", Double, nullable=False),
)

#: A file beside a case, by its number. `body` is sealed with a key of its own, which stands sealed in `secret`; `name` is for
#: people to read alone. What staff put there (`added_by`) its owner is not shown.
case_files = Table(
    "case_files",
    metadata,
    Column("file_id", String(32), primary_key=True),
    Column("case_id", ID, ForeignKey(cases.c.case_id), nullable=False),
    Column("number", Integer, nullable=False),
    Column("account_id", ID, nullable=False, index=True),
    Column("name", String(128), nullable=False),
    Column("media_type", String(32), nullable=False),
    Column("size_bytes", Integer, nullable=False),
    Column("digest", String(64), nullable=False),
    Column("secret", LargeBinary, nullable=False),
    Column("sealed", LargeBinary, nullable=False),
    Column("added_at", Double, nullable=False),
    Column("added_by", ID, nullable=False, server_default="owner"),
    UniqueConstraint("case_id", "number"),
)
