"""An owner is reached by several browsers at once: of their points more than one is open."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0032_several_browsers"
down_revision = "0031_session_use"
branch_labels = None
depends_on = None

_ONE_OPEN = sa.text("until IS NULL AND channel <> 'web_push'")


def upgrade() -> None:
    """Points of before stay as they are."""
    op.drop_index("uq_contact_points_open", "contact_points")
    op.create_index(
        "uq_contact_points_open",
        "contact_points",
        ["account_id", "channel"],
        unique=True,
        sqlite_where=_ONE_OPEN,
        postgresql_where=_ONE_OPEN,
    )


def downgrade() -> None:
    """Not offered: of several browsers one would have to be chosen."""
    raise NotImplementedError("restore a backup from before it instead")
