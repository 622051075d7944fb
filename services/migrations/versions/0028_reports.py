"""Owners report problems: cases have kinds and clocks, what was reported, and files."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0028_reports"
down_revision = "0027_answer_links"
branch_labels = None
depends_on = None

_ID = sa.String(128)
_COLUMNS = (
    ("subject_event_id", _ID),
    ("first_response_due_at", sa.Double),
    ("due_at", sa.Double),
    ("first_answered_at", sa.Double),
    ("appealed_at", sa.Double),
    ("decided_by", sa.String(128)),
)
_ONE = "uq_cases_unresolved_account"


def upgrade() -> None:
    """Every case there is, is one of risk; an account may have others beside its one that is unresolved."""
    op.add_column("cases", sa.Column("kind", sa.String(32), nullable=False, server_default="risk"))
    for name, kind in _COLUMNS:
        op.add_column("cases", sa.Column(name, kind))
    _one_unresolved("state <> 'resolved' AND kind = 'risk'")
    op.create_table(
        "case_reports",
        sa.Column("case_id", _ID, nullable=False),
        sa.Column("account_id", _ID, nullable=False),
        sa.Column("answers", sa.Text, nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("through", sa.String(16), nullable=False),
        sa.Column("made_at", sa.Double, nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["cases.case_id"], name="fk_case_reports_case_id_cases"),
        sa.PrimaryKeyConstraint("case_id", name="pk_case_reports"),
    )
    op.create_index("ix_case_reports_account_id", "case_reports", ["account_id"])
    op.create_table(
        "case_files",
        sa.Column("file_id", sa.String(32), nullable=False),
        sa.Column("case_id", _ID, nullable=False),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("account_id", _ID, nullable=False),
        sa.Column("name", sa.String(128), nullable=False),
        sa.Column("media_type", sa.String(32), nullable=False),
        sa.Column("size_bytes", sa.Integer, nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("secret", sa.LargeBinary, nullable=False),
        sa.Column("sealed", sa.LargeBinary, nullable=False),
        sa.Column("added_at", sa.Double, nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["cases.case_id"], name="fk_case_files_case_id_cases"),
        sa.PrimaryKeyConstraint("file_id", name="pk_case_files"),
        sa.UniqueConstraint("case_id", "number", name="uq_case_files_case_id_number"),
    )
    op.create_index("ix_case_files_account_id", "case_files", ["account_id"])


def downgrade() -> None:
    """What owners reported goes, with its cases."""
    op.drop_table("case_files")
    op.drop_table("case_reports")
    op.execute("DELETE FROM case_entries WHERE case_id IN (SELECT case_id FROM cases WHERE kind <> 'risk')")
    op.execute("DELETE FROM cases WHERE kind <> 'risk'")
    _one_unresolved("state <> 'resolved'")
    for name, _ in reversed(_COLUMNS):
        op.drop_column("cases", name)
    op.drop_column("cases", "kind")


def _one_unresolved(where: str) -> None:
    op.drop_index(_ONE, "cases")
    op.create_index(
        _ONE,
        "cases",
        ["account_id"],
        unique=True,
        sqlite_where=sa.text(where),
        postgresql_where=sa.text(where),
    )
