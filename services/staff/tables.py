"""What is kept of staff in SQL: members, their sessions, and tries to sign in."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Double,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
)

from services.platform.database import metadata

#: One row a member. `ident` is 12 characters that no other member and no API key has. `password_hash` is argon2id's, absent of
#: whoever signs in at the company's provider, who has a `subject` there instead. `totp_secret` is sealed for the ident; it counts
#: once it is bound, and `totp_step` is the last step whose code was accepted. `invited_hash` is SHA-256 of the code that opens
#: the first sign-in, until `invited_until`. Times are epoch seconds.
staff_members = Table(
    "staff_members",
    metadata,
    Column("name", String(64), primary_key=True),
    Column("ident", String(12), nullable=False),
    Column("display_name", String(128), nullable=False),
    Column("role", String(16), nullable=False),
    Column("locale", String(8), nullable=False),
    Column("time_zone", String(64), nullable=False),
    Column("keys", Boolean, nullable=False),
    Column("password_hash", String(256)),
    Column("totp_secret", LargeBinary(256)),
    Column("totp_bound_at", Double),
    Column("totp_step", BigInteger),
    Column("subject", String(64)),
    Column("invited_hash", String(64)),
    Column("invited_until", Double),
    Column("added_at", Double, nullable=False),
    Column("added_by", String(128), nullable=False),
    Column("signed_in_at", Double),
    Column("disabled_at", Double),
    CheckConstraint("role IN ('agent', 'senior', 'security', 'admin', 'auditor')", name="role"),
    Index(None, "ident", unique=True),
    Index(None, "subject", unique=True),
)

#: One row a session. `token_hash` is SHA-256 of what the cookie holds, so the table opens no page. `checked_at` is when the
#: company's provider last said that the member belongs here. `why` says how a session ended.
staff_sessions = Table(
    "staff_sessions",
    metadata,
    Column("session_id", String(16), primary_key=True),
    Column("token_hash", String(64), nullable=False),
    Column("name", String(64), nullable=False),
    Column("way", String(16), nullable=False),
    Column("address", String(64)),
    Column("browser", String(64)),
    Column("started_at", Double, nullable=False),
    Column("used_at", Double, nullable=False),
    Column("expires_at", Double, nullable=False),
    Column("checked_at", Double, nullable=False),
    Column("ended_at", Double),
    Column("ended_by", String(128)),
    Column("why", String(16)),
    Index(None, "token_hash", unique=True),
    Index(None, "name", "ended_at"),
    Index(None, "ended_at", "expires_at"),
)

#: Tries that failed, by the keyed hash of a name, of a browser that is known for a name, or of an address. `locks` counts waits
#: since somebody last got in.
staff_tries = Table(
    "staff_tries",
    metadata,
    Column("who", String(32), primary_key=True),
    Column("failures", Integer, nullable=False),
    Column("since", Double, nullable=False),
    Column("locks", Integer, nullable=False),
    Column("locked_until", Double),
    Index(None, "since"),
)
