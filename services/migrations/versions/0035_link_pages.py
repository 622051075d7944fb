"""A link may lead to a certain page of the security centre."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0035_link_pages"
down_revision = "0034_watched_stops"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Links of before lead to the first page of their purpose."""
    op.add_column("portal_visits", sa.Column("page", sa.String(2048)))


def downgrade() -> None:
    """Links that are open lead to the first page of their purpose again."""
    with op.batch_alter_table("portal_visits") as visits:
        visits.drop_column("page")
