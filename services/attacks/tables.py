"""Tables of attacks. Times are epoch seconds; that of an attempt is its event's."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
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
)

from services.platform.database import metadata

_ID = String(128)
_ATTACK = String(32)
_SEQUENCE = BigInteger().with_variant(Integer, "sqlite")

#: `attack_id` is short, as it is said on the phone: "W-118". An attempt is one that failed, or the first that went through on an
#: account that gave way. `sources` are addresses. `usual_per_minute` are attempts of others that failed in the day before.
#: `at_stake` is JSON: state of the money (held, refused, completed), then currency, then canonical decimal text. `version` grows
#: by one with each change of the row; `told_size` are the accounts of which the security team was told at `told_at`.
attacks = Table(
    "attacks",
    metadata,
    Column("attack_id", _ATTACK, primary_key=True),
    Column("kind", String(32), nullable=False),
    Column("state", String(8), nullable=False),
    Column("begun_at", Double, nullable=False),
    Column("last_at", Double, nullable=False),
    Column("recognised_at", Double, nullable=False),
    Column("ended_at", Double),
    Column("attempts", Integer, nullable=False),
    Column("accounts", Integer, nullable=False),
    Column("sources", Integer, nullable=False),
    Column("gave_way", Integer, nullable=False),
    Column("usual_per_minute", Double, nullable=False),
    Column("peak_per_minute", Integer, nullable=False),
    Column("peak_at", Double, nullable=False),
    Column("at_stake", Text),
    Column("lead", _ID),
    Column("version", Integer, nullable=False),
    Column("told_at", Double),
    Column("told_size", Integer, nullable=False, server_default="0"),
    CheckConstraint(
        "kind IN ('credential_stuffing', 'password_spraying', 'code_guessing', 'card_testing')", name="kind"
    ),
    CheckConstraint("state IN ('open', 'over')", name="state"),
    Index(None, "state", "last_at"),
    Index(None, "begun_at", "attack_id"),
)

#: The last number that an attack was given, in one row.
attack_numbers = Table(
    "attack_numbers",
    metadata,
    Column("name", String(16), primary_key=True),
    Column("last", Integer, nullable=False),
)


def _of() -> ForeignKey:
    return ForeignKey(attacks.c.attack_id, ondelete="CASCADE")


#: `source_key` is the keyed hash of the address, as `contracts.profile.Key`.
attack_sources = Table(
    "attack_sources",
    metadata,
    Column("attack_id", _ATTACK, _of(), primary_key=True),
    Column("source_key", LargeBinary(16), primary_key=True),
    Column("network_kind", String(16), nullable=False),
    Column("country", String(2)),
    Column("attempts", Integer, nullable=False),
    Column("accounts", Integer, nullable=False),
    Column("first_at", Double, nullable=False),
    Column("last_at", Double, nullable=False),
)

attack_accounts = Table(
    "attack_accounts",
    metadata,
    Column("attack_id", _ATTACK, _of(), primary_key=True),
    Column("account_id", _ID, primary_key=True),
    Column("attempts", Integer, nullable=False),
    Column("first_at", Double, nullable=False),
    Column("last_at", Double, nullable=False),
    Column("gave_way_at", Double),
    Column("gave_way_event_id", _ID),
    Index(None, "account_id"),
)

#: `minute` is that of the epoch.
attack_minutes = Table(
    "attack_minutes",
    metadata,
    Column("attack_id", _ATTACK, _of(), primary_key=True),
    Column("minute", Integer, primary_key=True),
    Column("attempts", Integer, nullable=False),
    Column("gave_way", Integer, nullable=False),
)

#: What was done, in order: recognised, told, grown, over, and what people did. `detail` is JSON.
attack_log = Table(
    "attack_log",
    metadata,
    Column("sequence", _SEQUENCE, primary_key=True, autoincrement=True),
    Column("attack_id", _ATTACK, _of(), nullable=False),
    Column("at", Double, nullable=False),
    Column("what", String(32), nullable=False),
    Column("by", _ID, nullable=False),
    Column("detail", Text),
    Index(None, "attack_id", "at"),
)

#: What the security team is to be told, once on each way. `number` counts the alerts of one attack from 1; `body` is JSON.
attack_alerts = Table(
    "attack_alerts",
    metadata,
    Column("attack_id", _ATTACK, _of(), primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("way", String(16), primary_key=True),
    Column("body", Text, nullable=False),
    Column("created_at", Double, nullable=False),
    Column("state", String(16), nullable=False),
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("next_at", Double, nullable=False),
    Column("ended_at", Double),
    Column("last_error", String(64)),
    CheckConstraint("way IN ('mail', 'webhook')", name="way"),
    CheckConstraint("state IN ('waiting', 'sent', 'failed')", name="state"),
    Index(None, "state", "next_at"),
)
