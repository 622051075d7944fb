"""Recorded decisions and open challenges by account and event: two accounts may use the same event id."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0013_events_by_account"
down_revision = "0012_long_amounts"
branch_labels = None
depends_on = None

_ID = sa.String(128)
_OPEN = sa.text("state = 'open'")
_SEVERITY = "severity IN ('low', 'medium', 'high', 'critical')"
_DECISION = ["account_id", "event_id"]
_COPIES = (
    "INSERT INTO recorded_decisions (account_id, event_id, at, recorded_at, body)"
    " SELECT account_id, event_id, at, recorded_at, body FROM old_recorded_decisions",
    "INSERT INTO alerts SELECT * FROM old_alerts",
    "INSERT INTO case_entries SELECT * FROM old_case_entries",
)


def upgrade() -> None:
    """Every kept event id is of one account, so all rows stay as they are.

    Entries of cases lose their foreign key: their account stands in the case, and a process of the release before, which
    may still write, knows no column for it.
    """
    if op.get_bind().dialect.name == "sqlite":
        _make_anew()
    else:
        op.drop_constraint("fk_alerts_event_id_recorded_decisions", "alerts", type_="foreignkey")
        op.drop_constraint("fk_case_entries_event_id_recorded_decisions", "case_entries", type_="foreignkey")
        op.drop_constraint("pk_recorded_decisions", "recorded_decisions", type_="primary")
        op.create_primary_key("pk_recorded_decisions", "recorded_decisions", _DECISION)
        op.create_foreign_key(
            "fk_alerts_recorded_decisions", "alerts", "recorded_decisions", _DECISION, _DECISION
        )
    op.create_index("ix_recorded_decisions_event_id", "recorded_decisions", ["event_id"])
    op.drop_index("uq_challenges_event_open", table_name="challenges")
    op.create_index(
        "uq_challenges_event_open",
        "challenges",
        ["account_id", "event_id"],
        unique=True,
        sqlite_where=_OPEN,
        postgresql_where=_OPEN,
    )


def downgrade() -> None:
    """Not offered: decisions of accounts that use the same event id would be lost."""
    raise NotImplementedError("restore a backup from before it instead")


def _make_anew() -> None:
    """SQLite changes no key of a table that is there."""
    op.drop_index("ix_alerts_raised_at_effect_id", table_name="alerts")
    op.drop_index("ix_alerts_account_id_raised_at", table_name="alerts")
    op.drop_index("ix_case_entries_case_id", table_name="case_entries")
    op.drop_index("ix_recorded_decisions_account_id_at", table_name="recorded_decisions")
    for table in ("alerts", "case_entries", "recorded_decisions"):
        op.rename_table(table, f"old_{table}")
    _create_recorded_decisions()
    _create_alerts()
    _create_case_entries()
    for statement in _COPIES:
        op.execute(statement)
    for table in ("alerts", "case_entries", "recorded_decisions"):
        op.drop_table(f"old_{table}")


def _create_recorded_decisions() -> None:
    op.create_table(
        "recorded_decisions",
        sa.Column("account_id", _ID, nullable=False),
        sa.Column("event_id", _ID, nullable=False),
        sa.Column("at", sa.Double(), nullable=False),
        sa.Column("recorded_at", sa.Double(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("account_id", "event_id", name="pk_recorded_decisions"),
    )
    op.create_index("ix_recorded_decisions_account_id_at", "recorded_decisions", ["account_id", "at"])


def _create_alerts() -> None:
    op.create_table(
        "alerts",
        sa.Column("effect_id", _ID, nullable=False),
        sa.Column("event_id", _ID, nullable=False),
        sa.Column("account_id", _ID, nullable=False),
        sa.Column("severity", sa.String(16), nullable=False),
        sa.Column("raised_at", sa.Double(), nullable=False),
        sa.CheckConstraint(_SEVERITY, name=op.f("ck_alerts_severity")),
        sa.ForeignKeyConstraint(
            _DECISION,
            ["recorded_decisions.account_id", "recorded_decisions.event_id"],
            name="fk_alerts_recorded_decisions",
        ),
        sa.PrimaryKeyConstraint("effect_id", name="pk_alerts"),
    )
    op.create_index("ix_alerts_raised_at_effect_id", "alerts", ["raised_at", "effect_id"])
    op.create_index("ix_alerts_account_id_raised_at", "alerts", ["account_id", "raised_at"])


def _create_case_entries() -> None:
    op.create_table(
        "case_entries",
        sa.Column("sequence", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("case_id", _ID, nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("at", sa.Double(), nullable=False),
        sa.Column("actor", _ID),
        sa.Column("note", sa.Text()),
        sa.Column("severity", sa.String(16)),
        sa.Column("effect_id", _ID),
        sa.Column("event_id", _ID),
        sa.ForeignKeyConstraint(["case_id"], ["cases.case_id"], name="fk_case_entries_case_id_cases"),
        sa.PrimaryKeyConstraint("sequence", name="pk_case_entries"),
        sa.UniqueConstraint("effect_id", name="uq_case_entries_effect_id"),
    )
    op.create_index("ix_case_entries_case_id", "case_entries", ["case_id"])
