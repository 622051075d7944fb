"""What owners answered by the links in letters."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0027_answer_links"
down_revision = "0026_messages"
branch_labels = None
depends_on = None

_ID = sa.String(128)


def upgrade() -> None:
    """Letters of before hold no links."""
    op.create_table(
        "answer_links",
        sa.Column("link_hash", sa.String(64), nullable=False),
        sa.Column("account_id", _ID, nullable=False),
        sa.Column("notice_id", _ID, nullable=False),
        sa.Column("event_id", _ID, nullable=False),
        sa.Column("expires_at", sa.Double, nullable=False),
        sa.Column("answered_at", sa.Double, nullable=False),
        sa.Column("answer", sa.String(16), nullable=False),
        sa.Column("proof", sa.String(16), nullable=False),
        sa.Column("report_id", _ID, nullable=False),
        sa.CheckConstraint("answer IN ('was_me', 'not_me')", name=op.f("ck_answer_links_answer")),
        sa.CheckConstraint("proof IN ('link', 'code')", name=op.f("ck_answer_links_proof")),
        sa.PrimaryKeyConstraint("link_hash", name="pk_answer_links"),
        sa.UniqueConstraint("notice_id", name="uq_answer_links_notice_id"),
    )
    op.create_index("ix_answer_links_account_id", "answer_links", ["account_id"])
    op.create_index("ix_answer_links_answered_at", "answer_links", ["answered_at"])


def downgrade() -> None:
    """Not offered: what was answered would be lost."""
    raise NotImplementedError("restore a backup from before it instead")
