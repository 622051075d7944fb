"""When the owner of a report last looked at the page that waits for the wallet to stop money."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0034_watched_stops"
down_revision = "0033_messages_outside"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Nobody looks at one that is old."""
    op.add_column("owner_words", sa.Column("watched_at", sa.Double))


def downgrade() -> None:
    """Nothing else needs it."""
    with op.batch_alter_table("owner_words") as words:
        words.drop_column("watched_at")
