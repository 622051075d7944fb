"""Actions that the wallet is asked for again move up its feed, by the hand of the feed's one writer."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0044_asked_again"
down_revision = "0043_desk_acts"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Nothing waits to be moved."""
    op.add_column("wallet_actions", sa.Column("again_at", sa.Double()))
    op.create_index(
        "ix_wallet_actions_again",
        "wallet_actions",
        ["again_at"],
        sqlite_where=sa.text("again_at IS NOT NULL"),
        postgresql_where=sa.text("again_at IS NOT NULL"),
    )


def downgrade() -> None:
    """What waits to be moved stays where it is."""
    op.drop_index("ix_wallet_actions_again", "wallet_actions")
    with op.batch_alter_table("wallet_actions") as table:
        table.drop_column("again_at")
