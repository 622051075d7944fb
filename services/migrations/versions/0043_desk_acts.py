"""What support does about cases, whom their notes name, and who put a file beside a case."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0043_desk_acts"
down_revision = "0042_reveals"
branch_labels = None
depends_on = None

_ID = sa.String(128)


def upgrade() -> None:
    """Files of before are their owners'."""
    op.create_table(
        "desk_acts",
        sa.Column("act_id", sa.String(32), nullable=False),
        sa.Column("case_id", _ID, nullable=False),
        sa.Column("account_id", _ID, nullable=False),
        sa.Column("kind", sa.String(32), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("case_version", sa.Integer(), nullable=False),
        sa.Column("by", _ID, nullable=False),
        sa.Column("at", sa.Double(), nullable=False),
        sa.Column("leaves_at", sa.Double(), nullable=False),
        sa.Column("undone_at", sa.Double()),
        sa.Column("done_at", sa.Double()),
        sa.Column("outcome", sa.String(16)),
        sa.Column("why", sa.Text()),
        sa.Column("seen_at", sa.Double()),
        sa.PrimaryKeyConstraint("act_id", name="pk_desk_acts"),
        sa.ForeignKeyConstraint(["case_id"], ["cases.case_id"], name="fk_desk_acts_case_id_cases"),
        sa.CheckConstraint("outcome IN ('done', 'undone', 'returned')", name=op.f("ck_desk_acts_outcome")),
    )
    op.create_index("ix_desk_acts_case_id", "desk_acts", ["case_id"])
    op.create_index("ix_desk_acts_account_id", "desk_acts", ["account_id"])
    op.create_index("ix_desk_acts_done_at", "desk_acts", ["done_at"])
    _partial("ix_desk_acts_waiting", "desk_acts", "leaves_at", "outcome IS NULL")
    _partial("ix_desk_acts_returned", "desk_acts", "by", "outcome = 'returned' AND seen_at IS NULL")
    _mentions()
    op.add_column("case_files", sa.Column("added_by", sa.String(128), nullable=False, server_default="owner"))


def _mentions() -> None:
    op.create_table(
        "case_mentions",
        sa.Column("act_id", sa.String(32), nullable=False),
        sa.Column("name", sa.String(64), nullable=False),
        sa.Column("case_id", _ID, nullable=False),
        sa.Column("account_id", _ID, nullable=False),
        sa.Column("by", _ID, nullable=False),
        sa.Column("at", sa.Double(), nullable=False),
        sa.Column("seen_at", sa.Double()),
        sa.PrimaryKeyConstraint("act_id", "name", name="pk_case_mentions"),
        sa.ForeignKeyConstraint(["case_id"], ["cases.case_id"], name="fk_case_mentions_case_id_cases"),
    )
    op.create_index("ix_case_mentions_case_id", "case_mentions", ["case_id"])
    op.create_index("ix_case_mentions_account_id", "case_mentions", ["account_id"])
    _partial("ix_case_mentions_unseen", "case_mentions", "name", "seen_at IS NULL")


def _partial(name: str, table: str, column: str, where: str) -> None:
    condition = sa.text(where)
    op.create_index(name, table, [column], sqlite_where=condition, postgresql_where=condition)


def downgrade() -> None:
    """Acts that wait are not carried out any more; staff's files would be shown to owners, so they go."""
    op.execute("DELETE FROM case_files WHERE added_by <> 'owner'")
    with op.batch_alter_table("case_files") as files:
        files.drop_column("added_by")
    op.drop_table("case_mentions")
    op.drop_table("desk_acts")
