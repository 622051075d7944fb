"""Actions in the order in which wallets hear of them, with what they say they did."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0015_wallet_actions"
down_revision = "0014_activity"
branch_labels = None
depends_on = None

_ID = sa.String(128)
_WAITING = sa.text("result IS NULL")


def upgrade() -> None:
    """Actions that were sent before are not in it: the wallet has them."""
    op.create_table(
        "wallet_actions",
        sa.Column(
            "sequence",
            sa.BigInteger().with_variant(sa.Integer, "sqlite"),
            primary_key=True,
            autoincrement=True,
        ),
        sa.Column("action_id", _ID, nullable=False),
        sa.Column("kind", sa.String(32), nullable=False),
        sa.Column("account_id", _ID, nullable=False),
        sa.Column("event_id", _ID, nullable=False),
        sa.Column("at", sa.Double, nullable=False),
        sa.Column("published_at", sa.Double, nullable=False),
        sa.Column("result", sa.String(16)),
        sa.Column("result_at", sa.Double),
        sa.Column("result_by", sa.String(128)),
        sa.Column("detail", sa.String(256)),
        sa.CheckConstraint("result IN ('done', 'already', 'failed')", name=op.f("ck_wallet_actions_result")),
        sa.PrimaryKeyConstraint("sequence", name="pk_wallet_actions"),
        sa.UniqueConstraint("action_id", name="uq_wallet_actions_action_id"),
    )
    op.create_index("ix_wallet_actions_account_id_sequence", "wallet_actions", ["account_id", "sequence"])
    op.create_index(
        "ix_wallet_actions_waiting",
        "wallet_actions",
        ["published_at"],
        sqlite_where=_WAITING,
        postgresql_where=_WAITING,
    )


def downgrade() -> None:
    """Back to no feed: what wallets said is lost."""
    op.drop_table("wallet_actions")
