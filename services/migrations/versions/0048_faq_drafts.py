"""Answers that support offers for the help."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0048_faq_drafts"
down_revision = "0047_bulk_messages"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Nothing was offered before."""
    op.create_table(
        "faq_drafts",
        sa.Column("draft_id", sa.String(32), nullable=False),
        sa.Column("locale", sa.String(8), nullable=False),
        sa.Column("title", sa.String(200), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("offered_by", sa.String(128), nullable=False),
        sa.Column("offered_at", sa.Double(), nullable=False),
        sa.Column("ended", sa.String(16)),
        sa.Column("ended_at", sa.Double()),
        sa.Column("ended_by", sa.String(128)),
        sa.PrimaryKeyConstraint("draft_id", name="pk_faq_drafts"),
        sa.CheckConstraint("ended IN ('accepted', 'dropped')", name=op.f("ck_faq_drafts_ended")),
    )
    op.create_index("ix_faq_drafts_ended_at", "faq_drafts", ["ended_at"])


def downgrade() -> None:
    """What was taken into the help stays there."""
    op.drop_table("faq_drafts")
