"""What is past keeping is found without reading whole tables."""

from __future__ import annotations

from alembic import op

revision = "0019_retention"
down_revision = "0018_notices_by_account"
branch_labels = None
depends_on = None

_COLUMNS = (
    ("recorded_decisions", "recorded_at"),
    ("notices", "ended_at"),
    ("outbox", "sent_at"),
    ("wallet_actions", "published_at"),
    ("webhook_deliveries", "ended_at"),
    ("challenges", "closed_at"),
)


def upgrade() -> None:
    """An index of each time."""
    for table, column in _COLUMNS:
        op.create_index(f"ix_{table}_{column}", table, [column])


def downgrade() -> None:
    """Drop them."""
    for table, column in _COLUMNS:
        op.drop_index(f"ix_{table}_{column}", table)
