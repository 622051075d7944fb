"""What owners said of events, so that each report acts once and can be taken back; and the verdict in a case's history."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0022_owner_words"
down_revision = "0021_joined_payments"
branch_labels = None
depends_on = None

_ID = sa.String(128)


def upgrade() -> None:
    """Reports of before are in the stream alone; nobody can take them back. A case was resolved once until now."""
    op.add_column("case_entries", sa.Column("verdict", sa.String(16)))
    op.execute(
        "UPDATE case_entries SET verdict = (SELECT verdict FROM cases WHERE cases.case_id = case_entries.case_id)"
        " WHERE kind = 'resolved'"
    )
    op.create_table(
        "owner_words",
        sa.Column("account_id", _ID, nullable=False),
        sa.Column("event_id", _ID, nullable=False),
        sa.Column("about_event_id", _ID, nullable=False),
        sa.Column("verdict", sa.String(16), nullable=False),
        sa.Column("proof", sa.String(16)),
        sa.Column("told_at", sa.Double, nullable=False),
        sa.Column("told_by", _ID, nullable=False),
        sa.Column("undone_at", sa.Double),
        sa.CheckConstraint("verdict IN ('was_me', 'not_me')", name=op.f("ck_owner_words_verdict")),
        sa.CheckConstraint("proof IN ('link', 'session', 'code')", name=op.f("ck_owner_words_proof")),
        sa.PrimaryKeyConstraint("account_id", "event_id", name="pk_owner_words"),
    )


def downgrade() -> None:
    """Not offered: which reports were acted on and taken back would be lost."""
    raise NotImplementedError("restore a backup from before it instead")
