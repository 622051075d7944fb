"""Owners are reached by more than mail: longer addresses, those that give messages back, and an inbox in the wallet's app."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0030_contact_kinds"
down_revision = "0029_help"
branch_labels = None
depends_on = None

_SEQUENCE = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    """Addresses of before stay as they are."""
    with op.batch_alter_table("contact_points") as points:
        points.alter_column(
            "address", existing_type=sa.String(254), type_=sa.String(2048), existing_nullable=False
        )
        points.add_column(sa.Column("bouncing_since", sa.Double))
    op.create_table(
        "inbox",
        sa.Column("sequence", _SEQUENCE, autoincrement=True, nullable=False),
        sa.Column("message_id", sa.String(192), nullable=False),
        sa.Column("account_id", sa.String(128), nullable=False),
        sa.Column("at", sa.Double, nullable=False),
        sa.Column("body", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("sequence", name="pk_inbox"),
        sa.UniqueConstraint("message_id", name="uq_inbox_message_id"),
    )
    op.create_index("ix_inbox_account_id_sequence", "inbox", ["account_id", "sequence"])
    op.create_index("ix_inbox_at", "inbox", ["at"])


def downgrade() -> None:
    """Not offered: addresses would not fit."""
    raise NotImplementedError("restore a backup from before it instead")
