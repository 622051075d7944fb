"""What enforcement keeps in SQL: factors, challenges and the audit. Times are epoch seconds."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    Double,
    Index,
    Integer,
    LargeBinary,
    SmallInteger,
    String,
    Table,
    Text,
    text,
)

from services.database import metadata

_KEPT = text("state <> 'removed'")

#: One authenticator of an account; at most one that is not removed. `secret` is sealed, and empty once removed.
#: States: pending (not yet confirmed), active, disabled (too many failures), removed.
#: `failures_in_row` counts towards the lock and starts again after it; `failures_total` counts since the last pass.
factors = Table(
    "factors",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("account_id", String(128), nullable=False),
    Column("secret", LargeBinary, nullable=False),
    Column("state", String(16), nullable=False),
    Column("last_step", BigInteger, nullable=False),
    Column("failures_in_row", Integer, nullable=False),
    Column("failures_total", Integer, nullable=False),
    Column("locked_until", Double, nullable=False),
    Column("created_at", Double, nullable=False),
    Column("confirmed_at", Double),
    CheckConstraint("state IN ('pending', 'active', 'disabled', 'removed')", name="state"),
    Index("uq_factors_account_kept", "account_id", unique=True, sqlite_where=_KEPT, postgresql_where=_KEPT),
)

#: A demand for a second factor. States: open, passed, failed, expired; `passed_step` is the step burnt by its pass.
challenges = Table(
    "challenges",
    metadata,
    Column("challenge_id", String(128), primary_key=True),
    Column("account_id", String(128), nullable=False),
    Column("event_id", String(128), nullable=False),
    Column("purpose", String(16), nullable=False),
    Column("digest", String(64), nullable=False),
    Column("amount", String(32)),
    Column("currency", String(3)),
    Column("payee_id", String(128)),
    Column("state", String(16), nullable=False),
    Column("issued_at", Double, nullable=False),
    Column("expires_at", Double, nullable=False),
    Column("attempts_left", Integer, nullable=False),
    Column("closed_at", Double),
    Column("passed_step", BigInteger),
    CheckConstraint("state IN ('open', 'passed', 'failed', 'expired')", name="state"),
    CheckConstraint("(state = 'passed') = (passed_step IS NOT NULL)", name="passed_step"),
    Index(None, "state", "expires_at"),
    Index(None, "account_id"),
)

#: The audit: what `audit.record` writes, append-only by trigger. `lane` and `seq` give a row its place, `hash` covers it
#: and the row before it; never a code or a secret.
audit = Table(
    "audit",
    metadata,
    Column("lane", SmallInteger, primary_key=True, autoincrement=False),
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    Column("at", Double, nullable=False),
    Column("action", String(64), nullable=False),
    Column("result", String(64), nullable=False),
    Column("actor", Text, nullable=False),
    Column("account_id", String(128)),
    Column("factor_id", String(32)),
    Column("challenge_id", String(128)),
    Column("network", Text),
    Column("reason", Text),
    Column("hash", LargeBinary(32), nullable=False),
    Index(None, "account_id", "at"),
    Index(None, "at"),
)

#: The last row of each lane, locked by whoever writes the next.
audit_heads = Table(
    "audit_heads",
    metadata,
    Column("lane", SmallInteger, primary_key=True, autoincrement=False),
    Column("seq", BigInteger, nullable=False),
    Column("hash", LargeBinary(32), nullable=False),
)
