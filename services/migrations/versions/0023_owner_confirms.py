"""A held payment waits for its owner's word, or for support's."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0023_owner_confirms"
down_revision = "0022_owner_words"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Payments held before have a case each: they wait for support."""
    op.add_column(
        "held_payments", sa.Column("waits_for", sa.String(16), nullable=False, server_default="support")
    )


def downgrade() -> None:
    """Not offered: what only owners may let go would be support's."""
    raise NotImplementedError("restore a backup from before it instead")
