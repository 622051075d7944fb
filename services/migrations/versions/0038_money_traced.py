"""Money is traced by the wallet's number of it, and by the channel that it goes by."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0038_money_traced"
down_revision = "0037_case_work"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Events of before name neither."""
    op.add_column("activity", sa.Column("reference", sa.String(128)))
    op.add_column("activity", sa.Column("channel", sa.String(64)))
    for columns in (["reference"], ["channel", "at"]):
        there = sa.text(f"{columns[0]} IS NOT NULL")
        op.create_index(
            f"ix_activity_{'_'.join(columns)}",
            "activity",
            columns,
            sqlite_where=there,
            postgresql_where=there,
        )


def downgrade() -> None:
    """Events are told apart by their own ids alone again."""
    op.drop_index("ix_activity_channel_at", "activity")
    op.drop_index("ix_activity_reference", "activity")
    with op.batch_alter_table("activity") as activity:
        activity.drop_column("channel")
        activity.drop_column("reference")
