"""Indexes for a desk with many cases: what nobody holds, what waits, whose was fraud, and events by time with their ids."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0046_desk_load"
down_revision = "0045_two_people"
branch_labels = None
depends_on = None

_INDICES = (
    (
        "ix_cases_unheld",
        ["next_due_at", "case_id"],
        "state <> 'resolved' AND assignee IS NULL AND waiting_for IS NULL",
    ),
    ("ix_cases_waiting", ["next_due_at", "case_id"], "state <> 'resolved' AND waiting_for IS NOT NULL"),
    ("ix_cases_fraud", ["account_id", "resolved_at"], "verdict = 'fraud'"),
)
_BY_TIME = ["account_id", "at"]


def upgrade() -> None:
    """Nothing changes but the time that looking takes. Writing activity waits until its new index is there."""
    for name, columns, where in _INDICES:
        op.create_index(name, "cases", columns, sqlite_where=sa.text(where), postgresql_where=sa.text(where))
    op.create_index("ix_activity_account_id_at_event_id", "activity", [*_BY_TIME, "event_id"])
    op.drop_index("ix_activity_account_id_at", "activity")


def downgrade() -> None:
    """Take them away again."""
    op.create_index("ix_activity_account_id_at", "activity", _BY_TIME)
    op.drop_index("ix_activity_account_id_at_event_id", "activity")
    for name, _, _ in reversed(_INDICES):
        op.drop_index(name, "cases")
