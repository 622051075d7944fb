"""Steps that were done on a case, and what support wrote down in it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0037_case_work"
down_revision = "0036_queue"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Cases of before have neither."""
    op.create_table(
        "case_steps",
        sa.Column("case_id", sa.String(128), nullable=False),
        sa.Column("step", sa.String(32), nullable=False),
        sa.Column("account_id", sa.String(128), nullable=False),
        sa.Column("done_at", sa.Double, nullable=False),
        sa.Column("done_by", sa.String(128), nullable=False),
        sa.PrimaryKeyConstraint("case_id", "step", name="pk_case_steps"),
        sa.ForeignKeyConstraint(["case_id"], ["cases.case_id"], name="fk_case_steps_case_id_cases"),
    )
    op.create_index("ix_case_steps_account_id", "case_steps", ["account_id"])
    op.create_table(
        "case_fields",
        sa.Column("case_id", sa.String(128), nullable=False),
        sa.Column("field", sa.String(32), nullable=False),
        sa.Column("account_id", sa.String(128), nullable=False),
        sa.Column("value", sa.Text, nullable=False),
        sa.Column("set_at", sa.Double, nullable=False),
        sa.Column("set_by", sa.String(128), nullable=False),
        sa.PrimaryKeyConstraint("case_id", "field", name="pk_case_fields"),
        sa.ForeignKeyConstraint(["case_id"], ["cases.case_id"], name="fk_case_fields_case_id_cases"),
    )
    op.create_index("ix_case_fields_account_id", "case_fields", ["account_id"])


def downgrade() -> None:
    """What was done and written down is forgotten; the history of cases still names it."""
    op.drop_table("case_fields")
    op.drop_table("case_steps")
