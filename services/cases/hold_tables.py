"""Tables of freezes, held payments and acts that need a second person. Times are epoch seconds."""

from __future__ import annotations

from sqlalchemy import CheckConstraint, Column, Double, Index, String, Table, Text, text

from services.platform.database import metadata

_ID = String(128)

#: `hold_id` is the effect that froze the account, and the id of the wallet's action. One stands at a time.
account_holds = Table(
    "account_holds",
    metadata,
    Column("hold_id", _ID, primary_key=True),
    Column("account_id", _ID, nullable=False, index=True),
    Column("event_id", _ID, nullable=False),
    Column("placed_at", Double, nullable=False),
    Column("placed_by", _ID, nullable=False),
    Column("released_at", Double),
    Column("released_by", _ID),
    Column("why", String(4000)),
)
Index(
    "uq_account_holds_standing",
    account_holds.c.account_id,
    unique=True,
    sqlite_where=text("released_at IS NULL"),
    postgresql_where=text("released_at IS NULL"),
)

#: A payment that waits to be let go or given up; `effect_id` is the effect that held it, `shown` (JSON) what it is recognised by,
#: `joins` the event id of the payment that it repeats and ends with, `waits_for` whose word it waits for: owner, or support.
held_payments = Table(
    "held_payments",
    metadata,
    Column("account_id", _ID, primary_key=True),
    Column("event_id", _ID, primary_key=True),
    Column("effect_id", _ID, nullable=False, unique=True),
    Column("amount", String(64), nullable=False),
    Column("currency", String(8), nullable=False),
    Column("payee_id", _ID),
    Column("state", String(16), nullable=False),
    Column("placed_at", Double, nullable=False),
    Column("due_at", Double, nullable=False),
    Column("settled_at", Double),
    Column("settled_by", _ID),
    Column("why", String(4000)),
    Column("shown", Text),
    Column("joins", _ID),
    Column("waits_for", String(16), nullable=False, server_default="support"),
    CheckConstraint("state IN ('held', 'released', 'cancelled', 'expired')", name="state"),
)
Index(
    "ix_held_payments_due",
    held_payments.c.due_at,
    sqlite_where=text("state = 'held'"),
    postgresql_where=text("state = 'held'"),
)

_SETTLED = text("settled_at IS NOT NULL")
Index(
    "ix_held_payments_settled_at",
    held_payments.c.settled_at,
    sqlite_where=_SETTLED,
    postgresql_where=_SETTLED,
)

#: An act that one person asks for and another allows: the database itself refuses the same.
approvals = Table(
    "approvals",
    metadata,
    Column("approval_id", String(32), primary_key=True),
    Column("act", String(32), nullable=False),
    Column("subject", _ID, nullable=False),
    Column("account_id", _ID, nullable=False, index=True),
    Column("asked_by", _ID, nullable=False),
    Column("asked_at", Double, nullable=False),
    Column("expires_at", Double, nullable=False),
    Column("why", String(4000), nullable=False),
    Column("decided_by", _ID),
    Column("decided_at", Double),
    Column("decision", String(16)),
    CheckConstraint("decision IN ('approved', 'refused', 'expired')", name="decision"),
    CheckConstraint("decided_by IS NULL OR decided_by <> asked_by", name="two_people"),
)
Index(
    "uq_approvals_open",
    approvals.c.act,
    approvals.c.subject,
    unique=True,
    sqlite_where=text("decision IS NULL"),
    postgresql_where=text("decision IS NULL"),
)

#: What owners said of events, once a report; `event_id` is the report's. `undone_at`: when it was taken back.
owner_words = Table(
    "owner_words",
    metadata,
    Column("account_id", _ID, primary_key=True),
    Column("event_id", _ID, primary_key=True),
    Column("about_event_id", _ID, nullable=False),
    Column("verdict", String(16), nullable=False),
    Column("proof", String(16)),
    Column("told_at", Double, nullable=False),
    Column("told_by", _ID, nullable=False),
    Column("undone_at", Double),
    Column("watched_at", Double),
    Index(None, "told_at"),
    CheckConstraint("verdict IN ('was_me', 'not_me')", name="verdict"),
    CheckConstraint("proof IN ('link', 'session', 'code')", name="proof"),
)
