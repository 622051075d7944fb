"""The tables of help desks that are in use beside PayGuard: which, the ticket of each case there, and what came from it.

Times are epoch seconds.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Double,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    Text,
    false,
    text,
)

from services.cases.tables import ID, cases
from services.platform.database import metadata

NAME = String(32)

#: `options` is JSON. `secret` is sealed: what we sign in with there, and what signs what comes from there. Entries of cases up
#: to `cursor` were looked at for good; those up to `seen` were there at `seen_at`.
connections = Table(
    "connections",
    metadata,
    Column("name", NAME, primary_key=True),
    Column("kind", String(16), nullable=False),
    Column("url", String(2048), nullable=False),
    Column("options", Text, nullable=False),
    Column("secret", LargeBinary, nullable=False),
    Column("created_at", Double, nullable=False),
    Column("created_by", String(128), nullable=False),
    Column("cursor", BigInteger, nullable=False),
    Column("seen", BigInteger, nullable=False),
    Column("seen_at", Double, nullable=False),
    Column("failing_since", Double),
    Column("last_error", String(64)),
)

#: The ticket of a case: `external_id` once it is there, and the `number` that agents there know it by. Entries of the case up to
#: `told` have been said there, the last of them at `told_at`; `trying` is the one that may or may not have been, since nobody saw
#: the answer.
tickets = Table(
    "tickets",
    metadata,
    Column("connection", NAME, ForeignKey(connections.c.name, ondelete="CASCADE"), primary_key=True),
    Column("case_id", ID, ForeignKey(cases.c.case_id), primary_key=True),
    Column("external_id", String(64)),
    Column("number", String(64)),
    Column("told", BigInteger, nullable=False, server_default="0"),
    Column("told_at", Double),
    Column("trying", BigInteger),
    Column("closed_there", Boolean, nullable=False, server_default=false()),
    Column("state", String(16), nullable=False),
    Column("next_at", Double, nullable=False),
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("last_error", String(64)),
    Column("lease", String(32)),
    Column("leased_until", Double),
    CheckConstraint("state IN ('waiting', 'told', 'failed', 'gone')", name="state"),
    Index(None, "case_id"),
)
Index(
    "uq_tickets_external",
    tickets.c.connection,
    tickets.c.external_id,
    unique=True,
    sqlite_where=text("external_id IS NOT NULL"),
    postgresql_where=text("external_id IS NOT NULL"),
)
Index(
    "ix_tickets_waiting",
    tickets.c.next_at,
    sqlite_where=text("state = 'waiting'"),
    postgresql_where=text("state = 'waiting'"),
)

#: What came from there and stands in a case, so that it does once.
ticket_replies = Table(
    "ticket_replies",
    metadata,
    Column("connection", NAME, ForeignKey(connections.c.name, ondelete="CASCADE"), primary_key=True),
    Column("reply_id", String(80), primary_key=True),
    Column("case_id", ID, ForeignKey(cases.c.case_id), nullable=False),
    Column("at", Double, nullable=False),
    Index(None, "case_id"),
)
