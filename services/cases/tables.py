"""Tables of alerts, cases, notices and the outbox. Times are epoch seconds."""

from __future__ import annotations

from typing import Any

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

#: `case_id` is the effect that opened it, or an id of its own where an owner reported a problem: `kind` says which. `verdict` is
#: how it ended, as its kind has it. `version` grows by one with every change; `decided_by` had the case that was appealed.
#: `decide_by` is the desk's own clock of a case of risk. `at_stake` is canonical decimal text. A release before writes no
#: `next_due_at`: its cases come first.
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
    Column("kind", String(32), nullable=False, server_default="risk"),
    Column("subject_event_id", ID),
    Column("first_response_due_at", Double),
    Column("due_at", Double),
    Column("first_answered_at", Double),
    Column("appealed_at", Double),
    Column("decided_by", String(128)),
    Column("decide_by", Double),
    Column("snoozed_until", Double),
    Column("waiting_for", String(32)),
    Column("waiting_since", Double),
    Column("escalated_at", Double),
    Column("at_stake", String(64)),
    Column("stake_currency", String(8)),
    Column("merged_into", ID),
    Column("next_due_at", Double, nullable=False, server_default="0"),
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
    sqlite_where=text("state <> 'resolved' AND kind = 'risk'"),
    postgresql_where=text("state <> 'resolved' AND kind = 'risk'"),
)


def _some(name: str, where: str, *columns: Column[Any]) -> None:
    """An index of the rows where that is so."""
    Index(name, *columns, sqlite_where=text(where), postgresql_where=text(where))


#: The queue: what must be done first stands first; so does what nobody holds, however much is held, and what waits.
_DUE = (cases.c.next_due_at, cases.c.case_id)
_some("ix_cases_next_due_at", "state <> 'resolved'", *_DUE)
_some("ix_cases_unheld", "state <> 'resolved' AND assignee IS NULL AND waiting_for IS NULL", *_DUE)
_some("ix_cases_waiting", "state <> 'resolved' AND waiting_for IS NOT NULL", *_DUE)
#: Who holds what.
_some("ix_cases_assignee", "state <> 'resolved' AND assignee IS NOT NULL", cases.c.assignee)
#: Which accounts had fraud.
_some("ix_cases_fraud", "verdict = 'fraud'", cases.c.account_id, cases.c.resolved_at)
#: What was answered and closed in a stretch of time.
_some("ix_cases_first_answered_at", "first_answered_at IS NOT NULL", cases.c.first_answered_at)
_some("ix_cases_resolved_at", "resolved_at IS NOT NULL", cases.c.resolved_at)
#: Which event a report is about: a top-up's number is its event's id.
_some("ix_cases_subject_event_id", "subject_event_id IS NOT NULL", cases.c.subject_event_id)

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
    Index(
        None,
        "actor",
        "at",
        sqlite_where=text("actor IS NOT NULL"),
        postgresql_where=text("actor IS NOT NULL"),
    ),
)


_AGAIN = text("kind IN ('reopened', 'appealed')")
Index("ix_case_entries_again", case_entries.c.at, sqlite_where=_AGAIN, postgresql_where=_AGAIN)


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
    CheckConstraint("kind IN ('action', 'event', 'message')", name="kind"),
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
#: tells the points before it of the change; nothing goes to this one before that. `bouncing_since` is when a message to it
#: came back; that is over when the owner sets it again.
#: Of each kind one point is open, but for browsers.
_ONE_OPEN = text("until IS NULL AND channel <> 'web_push'")
contact_points = Table(
    "contact_points",
    metadata,
    Column("point_id", String(32), primary_key=True),
    Column("account_id", ID, nullable=False),
    Column("channel", String(16), nullable=False),
    Column("address", String(2048), nullable=False),
    Column("locale", String(16), nullable=False),
    Column("time_zone", String(64), nullable=False),
    Column("since", Double, nullable=False),
    Column("until", Double),
    Column("told_by", ID),
    Column("bouncing_since", Double),
    Index("ix_contact_points_account_id_until", "account_id", "until"),
)
Index(
    "uq_contact_points_open",
    contact_points.c.account_id,
    contact_points.c.channel,
    unique=True,
    sqlite_where=_ONE_OPEN,
    postgresql_where=_ONE_OPEN,
)

#: What the owner is to be told once; `notice_id` is the effect's id. Once it is due it is planned into messages, and ends when
#: they have.
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
    Column("next_at", Double, nullable=False),
    Column("last_error", String(256)),
    Column("ended_at", Double),
    Column("news", Text),
    Column("digest_id", ID),
    Column("incident_id", ID),
    CheckConstraint(
        "state IN ('waiting', 'planned', 'delivered', 'failed', 'undeliverable', 'suppressed', 'digested')",
        name="state",
    ),
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
#: The notices of an incident: those that were sent, and those that joined it.
Index(
    "ix_notices_incident_id",
    notices.c.incident_id,
    sqlite_where=text("incident_id IS NOT NULL"),
    postgresql_where=text("incident_id IS NOT NULL"),
)
#: A digest that is not planned yet takes more; an account has one of them at most.
Index(
    "uq_notices_open_digest",
    notices.c.account_id,
    unique=True,
    sqlite_where=text("template = 'digest' AND state = 'waiting'"),
    postgresql_where=text("template = 'digest' AND state = 'waiting'"),
)

#: How many letters of a reason, or messages of a channel, may still go out at epoch seconds `at`, over all accounts; it fills
#: up with time.
letter_rates = Table(
    "letter_rates",
    metadata,
    Column("reason", String(64), primary_key=True),
    Column("letters", Double, nullable=False),
    Column("at", Double, nullable=False),
)
