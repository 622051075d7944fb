"""Tables of what support does about cases. Times are epoch seconds."""

from __future__ import annotations

from sqlalchemy import CheckConstraint, Column, Double, ForeignKey, Index, Integer, String, Table, Text, text

from services.cases.tables import ID, cases
from services.platform.database import metadata

#: One act on a case, which is carried out once, at `leaves_at` or after, unless it is undone before. `act_id` is given by whoever
#: asks: the same id is the same act. `case_version` is that of the case as its agent saw it; `body` is JSON, what was asked.
#: `undone_at` is when it was taken back, `done_at` when it was done or went back to its agent, who reads `why` until `seen_at`.
desk_acts = Table(
    "desk_acts",
    metadata,
    Column("act_id", String(32), primary_key=True),
    Column("case_id", ID, ForeignKey(cases.c.case_id), nullable=False, index=True),
    Column("account_id", ID, nullable=False, index=True),
    Column("kind", String(32), nullable=False),
    Column("body", Text, nullable=False),
    Column("case_version", Integer, nullable=False),
    Column("by", ID, nullable=False),
    Column("at", Double, nullable=False),
    Column("leaves_at", Double, nullable=False),
    Column("undone_at", Double),
    Column("done_at", Double),
    Column("outcome", String(16)),
    Column("why", Text),
    Column("seen_at", Double),
    CheckConstraint("outcome IN ('done', 'undone', 'returned')", name="outcome"),
    Index(None, "done_at"),
)
Index(
    "ix_desk_acts_waiting",
    desk_acts.c.leaves_at,
    sqlite_where=text("outcome IS NULL"),
    postgresql_where=text("outcome IS NULL"),
)
Index(
    "ix_desk_acts_returned",
    desk_acts.c.by,
    sqlite_where=text("outcome = 'returned' AND seen_at IS NULL"),
    postgresql_where=text("outcome = 'returned' AND seen_at IS NULL"),
)

#: A colleague whom a note names: they see it until they say that they have.
case_mentions = Table(
    "case_mentions",
    metadata,
    Column("act_id", String(32), primary_key=True),
    Column("name", String(64), primary_key=True),
    Column("case_id", ID, ForeignKey(cases.c.case_id), nullable=False, index=True),
    Column("account_id", ID, nullable=False, index=True),
    Column("by", ID, nullable=False),
    Column("at", Double, nullable=False),
    Column("seen_at", Double),
)
Index(
    "ix_case_mentions_unseen",
    case_mentions.c.name,
    sqlite_where=text("seen_at IS NULL"),
    postgresql_where=text("seen_at IS NULL"),
)
