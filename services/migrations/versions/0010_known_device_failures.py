"""A known device counts its own failures, and a factor that strangers had disabled is the owner's again."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010_known_device_failures"
down_revision = "0009_scopes_apart"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the count. A disabled factor takes known devices and recovery codes again; one that has neither is disabled by the
    next refused code, and told to be."""
    op.add_column(
        "factor_devices", sa.Column("failures", sa.Integer, nullable=False, server_default=sa.text("0"))
    )
    op.execute("UPDATE factors SET state = 'active', failures_total = 100 WHERE state = 'disabled'")


def downgrade() -> None:
    """Drop the count; factors that strangers are shut out of take anybody's codes again until the next failure."""
    op.drop_column("factor_devices", "failures")
