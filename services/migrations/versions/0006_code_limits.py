"""Limits of refused codes, known devices, one open challenge an event, and recovery codes that pass one."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006_code_limits"
down_revision = "0005_factor_life"
branch_labels = None
depends_on = None

_UNANSWERED = sa.text("state = 'open'")


def upgrade() -> None:
    """Create the three tables, widen the challenges."""
    op.add_column("challenges", sa.Column("passed_code", sa.String(16)))
    op.create_index(
        "uq_challenges_event_open",
        "challenges",
        ["event_id"],
        unique=True,
        sqlite_where=_UNANSWERED,
        postgresql_where=_UNANSWERED,
    )
    op.create_table(
        "code_networks",
        sa.Column("network", sa.String(16), nullable=False),
        sa.Column("spent_until", sa.Double, nullable=False),
        sa.Column("passed_at", sa.Double),
        sa.PrimaryKeyConstraint("network", name="pk_code_networks"),
    )
    op.create_index("ix_code_networks_spent_until", "code_networks", ["spent_until"])
    op.create_table(
        "code_minutes",
        sa.Column("minute", sa.BigInteger, nullable=False, autoincrement=False),
        sa.Column("lane", sa.Integer, nullable=False, autoincrement=False),
        sa.Column("refused", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("minute", "lane", name="pk_code_minutes"),
    )
    op.create_table(
        "factor_devices",
        sa.Column("factor_id", sa.String(32), nullable=False),
        sa.Column("device", sa.String(16), nullable=False),
        sa.Column("passed_at", sa.Double, nullable=False),
        sa.Column("tries", sa.Integer, nullable=False),
        sa.Column("tries_since", sa.Double, nullable=False),
        sa.PrimaryKeyConstraint("factor_id", "device", name="pk_factor_devices"),
    )
    op.create_index("ix_factor_devices_passed_at", "factor_devices", ["passed_at"])


def downgrade() -> None:
    """Drop them; what limits counted and which devices are known is lost."""
    for table in ("factor_devices", "code_minutes", "code_networks"):
        op.drop_table(table)
    op.drop_index("uq_challenges_event_open", table_name="challenges")
    op.drop_column("challenges", "passed_code")
