"""The tables of actions as the wallet hears of them, and of the webhooks that tell it. Times are epoch seconds."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    Double,
    ForeignKey,
    Index,
    Integer,
    String,
    Table,
    text,
)

from services.platform.database import metadata

_ID = String(128)

#: `sequence` grows in the order in which actions became known to wallets: one writer at a time gives it. `result` is what the
#: wallet said, `result_by` the key or topic that said it. `again_at`: somebody asked for it once more, and it was not
#: moved up yet.
wallet_actions = Table(
    "wallet_actions",
    metadata,
    Column("sequence", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True),
    Column("action_id", _ID, nullable=False, unique=True),
    Column("kind", String(32), nullable=False),
    Column("account_id", _ID, nullable=False),
    Column("event_id", _ID, nullable=False),
    Column("at", Double, nullable=False),
    Column("published_at", Double, nullable=False),
    Column("result", String(16)),
    Column("result_at", Double),
    Column("result_by", String(128)),
    Column("detail", String(256)),
    Column("again_at", Double),
    CheckConstraint("result IN ('done', 'already', 'failed')", name="result"),
    Index(None, "account_id", "sequence"),
    Index(None, "published_at"),
)
Index(
    "ix_wallet_actions_waiting",
    wallet_actions.c.published_at,
    sqlite_where=text("result IS NULL"),
    postgresql_where=text("result IS NULL"),
)
Index(
    "ix_wallet_actions_again",
    wallet_actions.c.again_at,
    sqlite_where=text("again_at IS NOT NULL"),
    postgresql_where=text("again_at IS NOT NULL"),
)

#: Where actions are sent to. `kinds` are names separated by spaces, empty for all; `cursor` is the last action that has its
#: delivery. The secret follows from the signing key of `key_version` and `generation`; the one before is good until
#: `old_until`.
webhooks = Table(
    "webhooks",
    metadata,
    Column("webhook_id", String(32), primary_key=True),
    Column("url", String(2048), nullable=False),
    Column("kinds", String(256), nullable=False),
    Column("created_at", Double, nullable=False),
    Column("created_by", String(128), nullable=False),
    Column("key_version", Integer, nullable=False),
    Column("generation", Integer, nullable=False),
    Column("old_until", Double),
    Column("cursor", BigInteger, nullable=False),
    Column("failing_since", Double),
    Column("disabled_at", Double),
    Column("disabled_why", String(64)),
)

#: One row an action and webhook; a waiting one is tried at `next_at`.
webhook_deliveries = Table(
    "webhook_deliveries",
    metadata,
    Column("webhook_id", String(32), ForeignKey(webhooks.c.webhook_id, ondelete="CASCADE"), primary_key=True),
    Column("action_id", _ID, primary_key=True),
    Column("state", String(16), nullable=False),
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("next_at", Double, nullable=False),
    Column("last_status", Integer),
    Column("last_error", String(64)),
    Column("ended_at", Double),
    CheckConstraint("state IN ('waiting', 'delivered', 'failed')", name="state"),
    Index(None, "ended_at"),
)
Index(
    "ix_webhook_deliveries_waiting",
    webhook_deliveries.c.next_at,
    sqlite_where=text("state = 'waiting'"),
    postgresql_where=text("state = 'waiting'"),
)
