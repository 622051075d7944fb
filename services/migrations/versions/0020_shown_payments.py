"""What people recognise a held payment by."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0020_shown_payments"
down_revision = "0019_retention"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Payments that are held already have their amount and payee alone."""
    op.add_column("held_payments", sa.Column("shown", sa.Text))


def downgrade() -> None:
    """What was shown is lost; it stands in the recorded decisions as well."""
    op.drop_column("held_payments", "shown")
