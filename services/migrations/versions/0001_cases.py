"""Recorded decisions, alerts, cases, the outbox, contacts and notices."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001_cases"
down_revision = None
branch_labels = None
depends_on = None

_ID = sa.String(length=128)
_SHORT = sa.String(length=16)
_SEQUENCE = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_SEVERITY = "severity IN ('low', 'medium', 'high', 'critical')"
_UNRESOLVED = sa.text("state <> 'resolved'")
_UNSENT = sa.text("sent_at IS NULL")
_WAITING = sa.text("state = 'waiting'")


def upgrade() -> None:
    _create_recorded_decisions()
    _create_alerts()
    _create_cases()
    _create_case_entries()
    _create_outbox()
    _create_contacts()
    _create_notices()
    _create_deliveries()


def downgrade() -> None:
    for table in (
        "deliveries",
        "notices",
        "contacts",
        "outbox",
        "case_entries",
        "cases",
        "alerts",
        "recorded_decisions",
    ):
        op.drop_table(table)


def _create_recorded_decisions() -> None:
    op.create_table(
        "recorded_decisions",
        sa.Column("event_id", _ID, nullable=False),
        sa.Column("account_id", _ID, nullable=False),
        sa.Column("at", sa.Double(), nullable=False),
        sa.Column("recorded_at", sa.Double(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("event_id", name="pk_recorded_decisions"),
    )
    op.create_index("ix_recorded_decisions_account_id_at", "recorded_decisions", ["account_id", "at"])


def _create_alerts() -> None:
    op.create_table(
        "alerts",
        sa.Column("effect_id", _ID, nullable=False),
        sa.Column("event_id", _ID, nullable=False),
        sa.Column("account_id", _ID, nullable=False),
        sa.Column("severity", _SHORT, nullable=False),
        sa.Column("raised_at", sa.Double(), nullable=False),
        sa.CheckConstraint(_SEVERITY, name=op.f("ck_alerts_severity")),
        _about_a_decision("alerts"),
        sa.PrimaryKeyConstraint("effect_id", name="pk_alerts"),
    )
    op.create_index("ix_alerts_raised_at_effect_id", "alerts", ["raised_at", "effect_id"])
    op.create_index("ix_alerts_account_id_raised_at", "alerts", ["account_id", "raised_at"])


def _create_cases() -> None:
    op.create_table(
        "cases",
        sa.Column("case_id", _ID, nullable=False),
        sa.Column("account_id", _ID, nullable=False),
        sa.Column("state", _SHORT, nullable=False),
        sa.Column("severity", _SHORT, nullable=False),
        sa.Column("verdict", _SHORT),
        sa.Column("assignee", _ID),
        sa.Column("opened_at", sa.Double(), nullable=False),
        sa.Column("changed_at", sa.Double(), nullable=False),
        sa.Column("resolved_at", sa.Double()),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint(_SEVERITY, name=op.f("ck_cases_severity")),
        sa.CheckConstraint("state IN ('open', 'in_review', 'resolved')", name=op.f("ck_cases_state")),
        sa.CheckConstraint("(state = 'resolved') = (verdict IS NOT NULL)", name=op.f("ck_cases_verdict")),
        sa.PrimaryKeyConstraint("case_id", name="pk_cases"),
    )
    op.create_index("ix_cases_opened_at_case_id", "cases", ["opened_at", "case_id"])
    op.create_index(
        "uq_cases_unresolved_account",
        "cases",
        ["account_id"],
        unique=True,
        sqlite_where=_UNRESOLVED,
        postgresql_where=_UNRESOLVED,
    )


def _create_case_entries() -> None:
    op.create_table(
        "case_entries",
        sa.Column("sequence", _SEQUENCE, autoincrement=True, nullable=False),
        sa.Column("case_id", _ID, nullable=False),
        sa.Column("kind", _SHORT, nullable=False),
        sa.Column("at", sa.Double(), nullable=False),
        sa.Column("actor", _ID),
        sa.Column("note", sa.Text()),
        sa.Column("severity", _SHORT),
        sa.Column("effect_id", _ID),
        sa.Column("event_id", _ID),
        sa.ForeignKeyConstraint(["case_id"], ["cases.case_id"], name="fk_case_entries_case_id_cases"),
        _about_a_decision("case_entries"),
        sa.PrimaryKeyConstraint("sequence", name="pk_case_entries"),
        sa.UniqueConstraint("effect_id", name="uq_case_entries_effect_id"),
    )
    op.create_index("ix_case_entries_case_id", "case_entries", ["case_id"])


def _create_outbox() -> None:
    op.create_table(
        "outbox",
        sa.Column("id", _SEQUENCE, autoincrement=True, nullable=False),
        sa.Column("identity", _ID, nullable=False),
        sa.Column("kind", _SHORT, nullable=False),
        sa.Column("key", _ID, nullable=False),
        sa.Column("payload", sa.Text(), nullable=False),
        sa.Column("created_at", sa.Double(), nullable=False),
        sa.Column("sent_at", sa.Double()),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("last_error", sa.String(length=256)),
        sa.CheckConstraint("kind IN ('action', 'event')", name=op.f("ck_outbox_kind")),
        sa.PrimaryKeyConstraint("id", name="pk_outbox"),
        sa.UniqueConstraint("identity", name="uq_outbox_identity"),
    )
    op.create_index("ix_outbox_unsent", "outbox", ["id"], sqlite_where=_UNSENT, postgresql_where=_UNSENT)


def _create_contacts() -> None:
    op.create_table(
        "contacts",
        sa.Column("account_id", _ID, nullable=False),
        sa.Column("email", sa.String(length=254), nullable=False),
        sa.Column("locale", _SHORT, nullable=False),
        sa.Column("time_zone", sa.String(length=64), nullable=False),
        sa.Column("changed_at", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("account_id", name="pk_contacts"),
    )


def _create_notices() -> None:
    states = "state IN ('waiting', 'delivered', 'failed', 'undeliverable')"
    op.create_table(
        "notices",
        sa.Column("notice_id", _ID, nullable=False),
        sa.Column("event_id", _ID, nullable=False),
        sa.Column("account_id", _ID, nullable=False),
        sa.Column("template", sa.String(length=64), nullable=False),
        sa.Column("recorded_at", sa.Double(), nullable=False),
        sa.Column("state", _SHORT, nullable=False),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("next_at", sa.Double(), nullable=False),
        sa.Column("lease", sa.String(length=64)),
        sa.Column("last_error", sa.String(length=256)),
        sa.Column("ended_at", sa.Double()),
        sa.CheckConstraint(states, name=op.f("ck_notices_state")),
        _about_a_decision("notices"),
        sa.PrimaryKeyConstraint("notice_id", name="pk_notices"),
    )
    op.create_index(
        "ix_notices_waiting", "notices", ["next_at"], sqlite_where=_WAITING, postgresql_where=_WAITING
    )


def _create_deliveries() -> None:
    op.create_table(
        "deliveries",
        sa.Column("notice_id", _ID, nullable=False),
        sa.Column("channel", _SHORT, nullable=False),
        sa.Column("delivered_at", sa.Double(), nullable=False),
        sa.ForeignKeyConstraint(["notice_id"], ["notices.notice_id"], name="fk_deliveries_notice_id_notices"),
        sa.PrimaryKeyConstraint("notice_id", "channel", name="pk_deliveries"),
    )


def _about_a_decision(table: str) -> sa.ForeignKeyConstraint:
    name = f"fk_{table}_event_id_recorded_decisions"
    return sa.ForeignKeyConstraint(["event_id"], ["recorded_decisions.event_id"], name=name)
