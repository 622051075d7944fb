"""Who had what shown in clear."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0042_reveals"
down_revision = "0041_desk_figures"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Nothing was shown before."""
    op.create_table(
        "reveals",
        sa.Column("reveal_id", sa.String(32), primary_key=True),
        sa.Column("at", sa.Double, nullable=False),
        sa.Column("until", sa.Double, nullable=False),
        sa.Column("actor", sa.String(128), nullable=False),
        sa.Column("role", sa.String(16), nullable=False),
        sa.Column("account_id", sa.String(128), nullable=False),
        sa.Column("case_id", sa.String(128), nullable=False),
        sa.Column("field", sa.String(32), nullable=False),
        sa.Column("why", sa.String(32), nullable=False),
    )
    op.create_index("ix_reveals_actor_at", "reveals", ["actor", "at"])
    op.create_index("ix_reveals_account_id", "reveals", ["account_id"])
    op.create_index("ix_reveals_at", "reveals", ["at"])


def downgrade() -> None:
    """What was shown stands in the audit still."""
    op.drop_table("reveals")
