"""The desk's queue: what is due when, what sleeps or waits, who looks at what, and what was done to several cases at once."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0036_queue"
down_revision = "0035_link_pages"
branch_labels = None
depends_on = None

_ID = sa.String(128)
_COLUMNS: tuple[tuple[str, Any], ...] = (
    ("decide_by", sa.Double()),
    ("snoozed_until", sa.Double()),
    ("waiting_for", sa.String(32)),
    ("waiting_since", sa.Double()),
    ("escalated_at", sa.Double()),
    ("at_stake", sa.String(64)),
    ("stake_currency", sa.String(8)),
    ("merged_into", _ID),
)
_INDICES = (
    ("ix_cases_next_due_at", ["next_due_at", "case_id"], "state <> 'resolved'"),
    ("ix_cases_assignee", ["assignee"], "state <> 'resolved' AND assignee IS NOT NULL"),
    ("ix_cases_subject_event_id", ["subject_event_id"], "subject_event_id IS NOT NULL"),
)
#: What `contracts.case_clocks.DECIDE_S` was.
_HOURS = {"critical": 1, "high": 4, "medium": 24, "low": 72}


def upgrade() -> None:
    """Cases of risk that are open get the clock of their severity from when they were opened."""
    for name, kind in _COLUMNS:
        op.add_column("cases", sa.Column(name, kind))
    op.add_column("cases", sa.Column("next_due_at", sa.Double(), nullable=False, server_default="0"))
    for severity, hours in _HOURS.items():
        op.execute(
            f"UPDATE cases SET decide_by = opened_at + {hours * 3600}"  # noqa: S608 (both are ours)
            f" WHERE state <> 'resolved' AND kind = 'risk' AND severity = '{severity}'"
        )
    op.execute(
        "UPDATE cases SET next_due_at = CASE WHEN first_answered_at IS NULL AND first_response_due_at IS NOT NULL"
        " AND (decide_by IS NULL OR first_response_due_at < decide_by) THEN first_response_due_at"
        " ELSE coalesce(decide_by, due_at, opened_at) END WHERE state <> 'resolved'"
    )
    for name, columns, where in _INDICES:
        op.create_index(name, "cases", columns, sqlite_where=sa.text(where), postgresql_where=sa.text(where))
    by_actor = sa.text("actor IS NOT NULL")
    op.create_index(
        "ix_case_entries_actor_at",
        "case_entries",
        ["actor", "at"],
        sqlite_where=by_actor,
        postgresql_where=by_actor,
    )
    _create_tables()


def downgrade() -> None:
    """Snoozed and waiting cases are open like all others again; a duplicate stays closed, as withdrawn."""
    op.drop_table("bulk_acts")
    op.drop_table("presence")
    op.drop_index("ix_case_entries_actor_at", "case_entries")
    op.execute("UPDATE cases SET verdict = 'withdrawn' WHERE verdict = 'duplicate'")
    for name, _, _ in reversed(_INDICES):
        op.drop_index(name, "cases")
    op.drop_column("cases", "next_due_at")
    for name, _ in reversed(_COLUMNS):
        op.drop_column("cases", name)


def _create_tables() -> None:
    op.create_table(
        "presence",
        sa.Column("case_id", _ID, nullable=False),
        sa.Column("name", sa.String(128), nullable=False),
        sa.Column("seen_at", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("case_id", "name", name="pk_presence"),
    )
    op.create_index("ix_presence_name", "presence", ["name"])
    op.create_table(
        "bulk_acts",
        sa.Column("bulk_id", sa.String(32), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("by", sa.String(128), nullable=False),
        sa.Column("at", sa.Double(), nullable=False),
        sa.Column("kept", sa.Text(), nullable=False),
        sa.Column("undone_at", sa.Double()),
        sa.PrimaryKeyConstraint("bulk_id", name="pk_bulk_acts"),
    )
    op.create_index("ix_bulk_acts_at", "bulk_acts", ["at"])
