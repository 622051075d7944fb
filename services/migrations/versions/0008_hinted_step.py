"""A code that was offered too early is void once the answer told so."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008_hinted_step"
down_revision = "0007_portal_visits"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the step to factors."""
    op.add_column(
        "factors", sa.Column("hinted_step", sa.BigInteger, nullable=False, server_default=sa.text("-1"))
    )


def downgrade() -> None:
    """Drop it; codes that were offered early work again in their time."""
    op.drop_column("factors", "hinted_step")
