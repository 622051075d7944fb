"""What the audit keeps in SQL, append-only by trigger. Times are epoch seconds."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Double, Index, LargeBinary, SmallInteger, String, Table, Text

from services.platform.database import metadata

#: The audit: what `audit_log.record` writes, append-only by trigger. `lane`, which is its partition, and `seq` give a row its
#: place, `hash` covers it and the row before it; never a code or a secret.
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

#: The last row of each partition, locked by whoever writes the next.
audit_heads = Table(
    "audit_heads",
    metadata,
    Column("lane", SmallInteger, primary_key=True, autoincrement=False),
    Column("seq", BigInteger, nullable=False),
    Column("hash", LargeBinary(32), nullable=False),
)
