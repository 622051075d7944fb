"""Held payments by when they ended: what is counted of them looks at the newest alone."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0049_settled_payments"
down_revision = "0048_faq_drafts"
branch_labels = None
depends_on = None

_SETTLED = sa.text("settled_at IS NOT NULL")


def upgrade() -> None:
    """An index; rows stay as they are."""
    op.create_index(
        "ix_held_payments_settled_at",
        "held_payments",
        ["settled_at"],
        sqlite_where=_SETTLED,
        postgresql_where=_SETTLED,
    )


def downgrade() -> None:
    """Without the index."""
    op.drop_index("ix_held_payments_settled_at", "held_payments")
