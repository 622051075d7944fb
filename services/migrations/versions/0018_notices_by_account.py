"""Notices are found by their account and event, to say what became of them."""

from __future__ import annotations

from alembic import op

revision = "0018_notices_by_account"
down_revision = "0017_holds"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """The index."""
    op.create_index("ix_notices_account_id_event_id", "notices", ["account_id", "event_id"])


def downgrade() -> None:
    """Drop it."""
    op.drop_index("ix_notices_account_id_event_id", "notices")
