"""The table of messages: what one channel is to tell one address of a notice, and how that fared. Times are epoch seconds."""

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
    String,
    Table,
    Text,
    false,
    text,
)

from services.cases.tables import ID, notices
from services.platform.database import metadata

#: Of a message that is still to come. The others are its ends.
OPEN = ("waiting", "sending")
#: Of one that reached the other side.
TAKEN = ("handed_over", "delivered")
#: The `address_key` of a message to the account itself, which no contact point is needed for.
ACCOUNT = "account"
_OPEN = text("state IN ('waiting', 'sending')")

#: One row a notice, channel and address; `message_id` is the idempotency key that every try bears. `address_key` as in
#: services/cases/mail_addresses.py; `point_id` is the contact point, None where the account itself is the
#: address.
#: `why` says why one failed or was suppressed. A lease says who sends it until `next_at`.
#: It waits until the notice `after_notice` was told on its channel, at most until `held_until`. A `fallback` is needed only
#: while the channel that it stands in for has not reached the owner.
messages = Table(
    "messages",
    metadata,
    Column("message_id", String(192), primary_key=True),
    Column("notice_id", ID, ForeignKey(notices.c.notice_id, ondelete="CASCADE"), nullable=False),
    Column("account_id", ID, nullable=False),
    Column("channel", String(16), nullable=False),
    Column("address_key", String(32), nullable=False),
    Column("point_id", String(32)),
    Column("message_class", String(16), nullable=False),
    Column("template", String(64), nullable=False),
    Column("locale", String(16), nullable=False),
    Column("time_zone", String(64), nullable=False),
    Column("state", String(16), nullable=False),
    Column("why", String(64)),
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("planned_at", Double, nullable=False),
    Column("next_at", Double, nullable=False),
    Column("lease", String(64)),
    Column("after_notice", ID),
    Column("held_until", Double),
    Column("fallback", Boolean, nullable=False, server_default=false()),
    Column("ended_at", Double),
    Column("delivered_at", Double),
    Column("provider_id", String(128)),
    Column("last_error", String(256)),
    CheckConstraint(
        "state IN ('waiting', 'sending', 'handed_over', 'delivered', 'failed', 'suppressed')", name="state"
    ),
    CheckConstraint("message_class IN ('critical', 'security', 'digest')", name="class"),
    Index("uq_messages_notice_id_channel_address_key", "notice_id", "channel", "address_key", unique=True),
    Index(None, "account_id", "planned_at"),
)
#: What the wallet's app shows an owner: `sequence` grows in the order in which an account's messages came. `body` is JSON.
inbox = Table(
    "inbox",
    metadata,
    Column("sequence", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True),
    Column("message_id", String(192), nullable=False, unique=True),
    Column("account_id", ID, nullable=False),
    Column("at", Double, nullable=False),
    Column("body", Text, nullable=False),
    Index(None, "account_id", "sequence"),
    Index(None, "at"),
)
Index("ix_messages_open", messages.c.channel, messages.c.next_at, sqlite_where=_OPEN, postgresql_where=_OPEN)
Index(
    "ix_messages_provider_id",
    messages.c.provider_id,
    sqlite_where=text("provider_id IS NOT NULL"),
    postgresql_where=text("provider_id IS NOT NULL"),
)
