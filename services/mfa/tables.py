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
    String,
    Table,
    text,
)

from services.platform.database import metadata

_IN_USE = text("state <> 'removed' AND state <> 'pending'")
_PENDING = text("state = 'pending'")
_OPEN = text("state = 'requested' OR state = 'approved'")

#: One authenticator of an account: at most one in use, and one pending beside it. `secret` is sealed, empty once removed.
#: States: pending (not yet confirmed), active, disabled (too many failures), removed.
#: `failures_in_row` counts towards the lock and starts again after it; `failures_total` counts since the last pass.
#: `hinted_step` is a coming step whose code was offered early and is void, -1 when there is none.
#: `replaces` is the factor in use that a pending one was allowed to replace; `qr_ticket` the hash of what shows its QR once.
factors = Table(
    "factors",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("account_id", String(128), nullable=False),
    Column("secret", LargeBinary, nullable=False),
    Column("state", String(16), nullable=False),
    Column("last_step", BigInteger, nullable=False),
    Column("hinted_step", BigInteger, nullable=False, server_default=text("-1")),
    Column("failures_in_row", Integer, nullable=False),
    Column("failures_total", Integer, nullable=False),
    Column("locked_until", Double, nullable=False),
    Column("created_at", Double, nullable=False),
    Column("confirmed_at", Double),
    Column("replaces", String(32)),
    Column("qr_ticket", String(64)),
    CheckConstraint("state IN ('pending', 'active', 'disabled', 'removed')", name="state"),
    Index(
        "uq_factors_account_in_use",
        "account_id",
        unique=True,
        sqlite_where=_IN_USE,
        postgresql_where=_IN_USE,
    ),
    Index(
        "uq_factors_account_pending",
        "account_id",
        unique=True,
        sqlite_where=_PENDING,
        postgresql_where=_PENDING,
    ),
)

#: An account's recovery codes: the group that finds one in clear, the rest as an argon2id hash.
recovery_codes = Table(
    "recovery_codes",
    metadata,
    Column("account_id", String(128), primary_key=True),
    Column("prefix", String(4), primary_key=True),
    Column("hash", String(128), nullable=False),
    Column("made_at", Double, nullable=False),
    Column("used_at", Double),
)

#: Administrators' requests to take a factor away. States: requested, approved, done, cancelled, lapsed. `requested_by`,
#: `approved_by` and `ended_by` are ids of API keys or of members of staff; an owner who cancels is `owner`.
factor_resets = Table(
    "factor_resets",
    metadata,
    Column("reset_id", String(32), primary_key=True),
    Column("account_id", String(128), nullable=False),
    Column("state", String(16), nullable=False),
    Column("reason", String(500), nullable=False),
    Column("requested_by", String(12), nullable=False),
    Column("requested_at", Double, nullable=False),
    Column("due_at", Double, nullable=False),
    Column("approved_by", String(12)),
    Column("approved_at", Double),
    Column("ended_by", String(12)),
    Column("ended_at", Double),
    CheckConstraint("state IN ('requested', 'approved', 'done', 'cancelled', 'lapsed')", name="state"),
    CheckConstraint("approved_by <> requested_by", name="two_people"),
    Index(
        "uq_factor_resets_account_open",
        "account_id",
        unique=True,
        sqlite_where=_OPEN,
        postgresql_where=_OPEN,
    ),
    Index(None, "state", "due_at"),
)

_UNANSWERED = text("state = 'open'")

#: A demand for a second factor, one open at a time for an event. States: open, passed, failed, expired; `passed_step` is the
#: step burnt by its pass (-1: a recovery code), `passed_code` the keyed hash of the recovery code.
challenges = Table(
    "challenges",
    metadata,
    Column("challenge_id", String(128), primary_key=True),
    Column("account_id", String(128), nullable=False),
    Column("event_id", String(128), nullable=False),
    Column("purpose", String(16), nullable=False),
    Column("digest", String(64), nullable=False),
    Column("amount", String(40)),
    Column("currency", String(8)),
    Column("payee_id", String(128)),
    Column("state", String(16), nullable=False),
    Column("issued_at", Double, nullable=False),
    Column("expires_at", Double, nullable=False),
    Column("attempts_left", Integer, nullable=False),
    Column("closed_at", Double),
    Column("passed_step", BigInteger),
    Column("passed_code", String(16)),
    CheckConstraint("state IN ('open', 'passed', 'failed', 'expired')", name="state"),
    CheckConstraint("(state = 'passed') = (passed_step IS NOT NULL)", name="passed_step"),
    Index(None, "state", "expires_at"),
    Index(None, "closed_at"),
    Index(None, "account_id"),
    Index(
        "uq_challenges_event_open",
        "account_id",
        "event_id",
        unique=True,
        sqlite_where=_UNANSWERED,
        postgresql_where=_UNANSWERED,
    ),
)
