"""A payment that is tried again while it is held joins the hold."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0021_joined_payments"
down_revision = "0020_shown_payments"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Payments held before wait each by itself."""
    op.add_column("held_payments", sa.Column("joins", sa.String(128)))


def downgrade() -> None:
    """Not offered: of a payment and its repeats more than one could be carried out."""
    raise NotImplementedError("restore a backup from before it instead")
