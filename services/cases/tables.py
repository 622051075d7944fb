"""Tables of alerts, cases, notices and the outbox. Times are epoch seconds."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    ColumnElement,
    Double,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    String,
    Table,
    Text,
    and_,
    text,
)

from services.platform.database import metadata

ID = String(128)
_SEQUENCE = BigInteger().with_variant(Integer, "sqlite")
_SEVERITY = "severity IN ('low', 'medium', 'high', 'critical')"

#: Every decision that has effects, as the worker wrote it; what alerts, cases and notices speak of.
recorded_decisions = Table(
    "recorded_decisions",
    metadata,
    Column("account_id", ID, primary_key=True),
    Column("event_id", ID, primary_key=True),
    Column("at", Double, nullable=False),
    Column("recorded_at", Double, nullable=False),
    Column("body", Text, nullable=False),
    Index(None, "account_id", "at"),
    Index(None, "event_id"),
    Index(None, "recorded_at"),
)

alerts = Table(
    "alerts",
    metadata,
    Column("effect_id", ID, primary_key=True),
    Column("event_id", ID, nullable=False),
    Column("account_id", ID, nullable=False),
    Column("severity", String(16), nullable=False),
    Column("raised_at", Double, nullable=False),
    CheckConstraint(_SEVERITY, name="severity"),
    ForeignKeyConstraint(
        ["account_id", "event_id"],
        [recorded_decisions.c.account_id, recorded_decisions.c.event_id],
        name="fk_alerts_recorded_decisions",
    ),
    Index(None, "raised_at", "effect_id"),
    Index(None, "account_id", "raised_at"),
)

#: `case_id` is the effect that opened it. `version` grows by one with every change.
cases = Table(
    "cases",
    metadata,
    Column("case_id", ID, primary_key=True),
    Column("account_id", ID, nullable=False),
    Column("state", String(16), nullable=False),
    Column("severity", String(16), nullable=False),
    Column("verdict", String(16)),
    Column("assignee", String(128)),
    Column("opened_at", Double, nullable=False),
    Column("changed_at", Double, nullable=False),
    Column("resolved_at", Double),
    Column("version", Integer, nullable=False),
    CheckConstraint(_SEVERITY, name="severity"),
    CheckConstraint("state IN ('open', 'in_review', 'resolved')", name="state"),
    CheckConstraint("(state = 'resolved') = (verdict IS NOT NULL)", name="verdict"),
    Index(None, "opened_at", "case_id"),
    Index(None, "account_id"),
)
Index(
    "uq_cases_unresolved_account",
    cases.c.account_id,
    unique=True,
    sqlite_where=text("state <> 'resolved'"),
    postgresql_where=text("state <> 'resolved'"),
)

#: What happened to a case, in order. An entry made by a decision carries its effect, which is recorded once.
case_entries = Table(
    "case_entries",
    metadata,
    Column("sequence", _SEQUENCE, primary_key=True, autoincrement=True),
    Column("case_id", ID, ForeignKey(cases.c.case_id), nullable=False, index=True),
    Column("kind", String(16), nullable=False),
    Column("at", Double, nullable=False),
    Column("actor", String(128)),
    Column("note", Text),
    Column("verdict", String(16)),
    Column("severity", String(16)),
    Column("effect_id", ID, unique=True),
    Column("event_id", ID),
)


def decision_of_entry() -> ColumnElement[bool]:
    """Joins recorded decisions to entries beside their case: an event id is unique in its account alone."""
    return and_(
        recorded_decisions.c.account_id == cases.c.account_id,
        recorded_decisions.c.event_id == case_entries.c.event_id,
    )


#: Records to produce to Kafka: `action` to the actions topic, `event` back to account-events; keyed by account.
outbox = Table(
    "outbox",
    metadata,
    Column("id", _SEQUENCE, primary_key=True, autoincrement=True),
    Column("identity", ID, nullable=False, unique=True),
    Column("kind", String(16), nullable=False),
    Column("key", ID, nullable=False),
    Column("payload", Text, nullable=False),
    Column("created_at", Double, nullable=False),
    Column("sent_at", Double),
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("last_error", String(256)),
    CheckConstraint("kind IN ('action', 'event')", name="kind"),
    Index(None, "sent_at"),
    Index(None, "key"),
)
Index(
    "ix_outbox_unsent",
    outbox.c.id,
    sqlite_where=text("sent_at IS NULL"),
    postgresql_where=text("sent_at IS NULL"),
)

#: Where to reach the owner of an account, and where it was before: one open point a channel. `told_by` is the notice that
#: tells the points before it of the change; nothing goes to this one before that.
contact_points = Table(
    "contact_points",
    metadata,
    Column("point_id", String(32), primary_key=True),
    Column("account_id", ID, nullable=False),
    Column("channel", String(16), nullable=False),
    Column("address", String(254), nullable=False),
    Column("locale", String(16), nullable=False),
    Column("time_zone", String(64), nullable=False),
    Column("since", Double, nullable=False),
    Column("until", Double),
    Column("told_by", ID),
    Index("ix_contact_points_account_id_until", "account_id", "until"),
)
Index(
    "uq_contact_points_open",
    contact_points.c.account_id,
    contact_points.c.channel,
    unique=True,
    sqlite_where=text("until IS NULL"),
    postgresql_where=text("until IS NULL"),
)

#: What the owner is to be told once; `notice_id` is the effect's id. A lease says who works on it until when.
#: `event_id` is that of a recorded decision, or of an account change of PayGuard's own: then `news` holds what happened.
notices = Table(
    "notices",
    metadata,
    Column("notice_id", ID, primary_key=True),
    Column("event_id", ID, nullable=False),
    Column("account_id", ID, nullable=False),
    Column("template", String(64), nullable=False),
    Column("recorded_at", Double, nullable=False),
    Column("state", String(16), nullable=False),
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("next_at", Double, nullable=False),
    Column("lease", String(64)),
    Column("last_error", String(256)),
    Column("ended_at", Double),
    Column("news", Text),
    Column("digest_id", ID),
    CheckConstraint("state IN ('waiting', 'delivered', 'failed', 'undeliverable', 'digested')", name="state"),
    Index(None, "account_id", "event_id"),
    Index(None, "ended_at"),
)
Index(
    "ix_notices_waiting",
    notices.c.next_at,
    sqlite_where=text("state = 'waiting'"),
    postgresql_where=text("state = 'waiting'"),
)

#: The notices that stand in a digest, which is a notice itself.
Index(
    "ix_notices_digest_id",
    notices.c.digest_id,
    sqlite_where=text("digest_id IS NOT NULL"),
    postgresql_where=text("digest_id IS NOT NULL"),
)
#: A digest that nobody has begun to send takes more; an account has one of them at most.
Index(
    "uq_notices_open_digest",
    notices.c.account_id,
    unique=True,
    sqlite_where=text("template = 'digest' AND state = 'waiting' AND attempts = 0"),
    postgresql_where=text("template = 'digest' AND state = 'waiting' AND attempts = 0"),
)

#: One row a message that a channel has taken or refused for good, so that a retry of the notice leaves it alone.
#: `address_key` as in services/cases/mail_addresses.py; `outcome` is `delivered` or the reason of the refusal.
deliveries = Table(
    "deliveries",
    metadata,
    Column("notice_id", ID, ForeignKey(notices.c.notice_id), primary_key=True),
    Column("channel", String(16), primary_key=True),
    Column("address_key", String(32), primary_key=True),
    Column("outcome", String(64), nullable=False),
    Column("delivered_at", Double, nullable=False),
)

#: How many letters of a reason may still go out at epoch seconds `at`, over all accounts; it fills up with time.
letter_rates = Table(
    "letter_rates",
    metadata,
    Column("reason", String(64), primary_key=True),
    Column("letters", Double, nullable=False),
    Column("at", Double, nullable=False),
)
