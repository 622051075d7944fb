"""The number that a help desk's agents know a ticket by, and when it was told something last."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0051_ticket_numbers"
down_revision = "0050_attacks"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Of tickets that are there already both stay unknown; their ids are shown instead."""
    op.add_column("tickets", sa.Column("number", sa.String(64)))
    op.add_column("tickets", sa.Column("told_at", sa.Double()))


def downgrade() -> None:
    """Tickets keep their ids."""
    op.drop_column("tickets", "told_at")
    op.drop_column("tickets", "number")
