"""Messages to everybody whose payments failed at a channel."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0047_bulk_messages"
down_revision = "0046_desk_load"
branch_labels = None
depends_on = None

_ID = sa.String(128)


def upgrade() -> None:
    """Nobody was written to so before."""
    op.create_table(
        "bulk_messages",
        sa.Column("message_id", sa.String(32), nullable=False),
        sa.Column("case_id", _ID, nullable=False),
        sa.Column("account_id", _ID, nullable=False),
        sa.Column("template", sa.String(64), nullable=False),
        sa.Column("channel", sa.String(64), nullable=False),
        sa.Column("since", sa.Double(), nullable=False),
        sa.Column("until", sa.Double(), nullable=False),
        sa.Column("owners", sa.Integer(), nullable=False),
        sa.Column("asked_by", _ID, nullable=False),
        sa.Column("asked_at", sa.Double(), nullable=False),
        sa.Column("leaves_at", sa.Double()),
        sa.Column("undone_at", sa.Double()),
        sa.PrimaryKeyConstraint("message_id", name="pk_bulk_messages"),
        sa.ForeignKeyConstraint(["case_id"], ["cases.case_id"], name="fk_bulk_messages_case_id_cases"),
    )
    op.create_index("ix_bulk_messages_case_id", "bulk_messages", ["case_id"])
    op.create_index("ix_bulk_messages_account_id", "bulk_messages", ["account_id"])
    op.create_index("ix_bulk_messages_channel_asked_at", "bulk_messages", ["channel", "asked_at"])


def downgrade() -> None:
    """What was told stays told; notices that still wait for their moment are sent all the same."""
    op.drop_table("bulk_messages")
