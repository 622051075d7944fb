"""Activity: one row an event, by section and month on PostgreSQL."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0014_activity"
down_revision = "0013_events_by_account"
branch_labels = None
depends_on = None

_ID = sa.String(128)
_KEY = sa.LargeBinary(16)


def upgrade() -> None:
    """The months themselves are made by whoever writes into them; what belongs to none lies in `_rest`."""
    op.create_table(
        "activity",
        sa.Column("section", sa.String(8), nullable=False),
        sa.Column("day", sa.Date, nullable=False),
        sa.Column("account_id", _ID, nullable=False),
        sa.Column("event_id", _ID, nullable=False),
        sa.Column("at", sa.Double, nullable=False),
        sa.Column("type", sa.String(32), nullable=False),
        sa.Column("kind", sa.String(32)),
        sa.Column("outcome", sa.String(16)),
        sa.Column("reason", sa.String(256)),
        sa.Column("amount", sa.String(64)),
        sa.Column("currency", sa.String(8)),
        sa.Column("payee_id", _ID),
        sa.Column("payee_key", _KEY),
        sa.Column("device_key", _KEY),
        sa.Column("network_key", _KEY),
        sa.Column("device", sa.String(128)),
        sa.Column("country", sa.String(2)),
        sa.Column("city", sa.String(128)),
        sa.Column("network_kind", sa.String(16)),
        sa.Column("session_id", sa.String(256)),
        sa.Column("about_event_id", _ID),
        sa.PrimaryKeyConstraint("section", "day", "account_id", "event_id", name="pk_activity"),
        postgresql_partition_by="LIST (section)",
    )
    op.create_index("ix_activity_account_id_at", "activity", ["account_id", "at"])
    for key in ("device_key", "payee_key", "network_key"):
        there = sa.text(f"{key} IS NOT NULL")
        op.create_index(
            f"ix_activity_{key}_at", "activity", [key, "at"], sqlite_where=there, postgresql_where=there
        )
    if op.get_bind().dialect.name == "postgresql":
        for section in ("money", "access"):
            op.execute(
                f"CREATE TABLE activity_{section} PARTITION OF activity FOR VALUES IN ('{section}') PARTITION BY RANGE (day)"
            )
            op.execute(f"CREATE TABLE activity_{section}_rest PARTITION OF activity_{section} DEFAULT")


def downgrade() -> None:
    """Back to no activity: what was kept is lost."""
    op.drop_table("activity")
