"""A session of the security centre goes on while it is used: when it was used last."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0031_session_use"
down_revision = "0030_contact_kinds"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Sessions of before end when they were to."""
    op.add_column("portal_visits", sa.Column("used_at", sa.Double))


def downgrade() -> None:
    """Sessions end at their longest again."""
    op.drop_column("portal_visits", "used_at")
