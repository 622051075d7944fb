"""Links to pages, and the sessions they become."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007_portal_visits"
down_revision = "0006_code_limits"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the table."""
    op.create_table(
        "portal_visits",
        sa.Column("link", sa.String(64), nullable=False),
        sa.Column("session", sa.String(64)),
        sa.Column("account_id", sa.String(128), nullable=False),
        sa.Column("purpose", sa.String(16), nullable=False),
        sa.Column("challenge_id", sa.String(128)),
        sa.Column("proved_at", sa.Double),
        sa.Column("device_id", sa.String(256)),
        sa.Column("device_name", sa.String(64)),
        sa.Column("ip", sa.String(64)),
        sa.Column("locale", sa.String(8)),
        sa.Column("expires_at", sa.Double, nullable=False),
        sa.PrimaryKeyConstraint("link", name="pk_portal_visits"),
    )
    op.create_index("ix_portal_visits_session", "portal_visits", ["session"], unique=True)
    op.create_index("ix_portal_visits_expires_at", "portal_visits", ["expires_at"])


def downgrade() -> None:
    """Drop it; links and sessions end."""
    op.drop_table("portal_visits")
