"""Indexes by which the desk's report and the page of today find what a stretch of time is about."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0041_desk_figures"
down_revision = "0040_staff"
branch_labels = None
depends_on = None

_INDICES = (
    ("ix_cases_resolved_at", "cases", "resolved_at", "resolved_at IS NOT NULL"),
    ("ix_cases_first_answered_at", "cases", "first_answered_at", "first_answered_at IS NOT NULL"),
    ("ix_case_entries_again", "case_entries", "at", "kind IN ('reopened', 'appealed')"),
    ("ix_owner_words_told_at", "owner_words", "told_at", None),
)


def upgrade() -> None:
    """Nothing changes but the time that looking takes."""
    for name, table, column, where in _INDICES:
        some = None if where is None else sa.text(where)
        op.create_index(name, table, [column], sqlite_where=some, postgresql_where=some)


def downgrade() -> None:
    """Take them away again."""
    for name, table, _, _ in _INDICES:
        op.drop_index(name, table)
