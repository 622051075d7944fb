"""Help desks that are in use beside PayGuard: a ticket there for each case."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0039_help_desks"
down_revision = "0038_money_traced"
branch_labels = None
depends_on = None

_ID = sa.String(128)
_NAME = sa.String(32)


def upgrade() -> None:
    """No help desk is told anything until an operator connects one."""
    op.create_table(
        "connections",
        sa.Column("name", _NAME, nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("url", sa.String(2048), nullable=False),
        sa.Column("options", sa.Text, nullable=False),
        sa.Column("secret", sa.LargeBinary, nullable=False),
        sa.Column("created_at", sa.Double, nullable=False),
        sa.Column("created_by", sa.String(128), nullable=False),
        sa.Column("cursor", sa.BigInteger, nullable=False),
        sa.Column("seen", sa.BigInteger, nullable=False),
        sa.Column("seen_at", sa.Double, nullable=False),
        sa.Column("failing_since", sa.Double),
        sa.Column("last_error", sa.String(64)),
        sa.PrimaryKeyConstraint("name", name="pk_connections"),
    )
    _tickets()
    op.create_table(
        "ticket_replies",
        sa.Column("connection", _NAME, nullable=False),
        sa.Column("reply_id", sa.String(80), nullable=False),
        sa.Column("case_id", _ID, nullable=False),
        sa.Column("at", sa.Double, nullable=False),
        sa.PrimaryKeyConstraint("connection", "reply_id", name="pk_ticket_replies"),
        sa.ForeignKeyConstraint(
            ["connection"],
            ["connections.name"],
            name="fk_ticket_replies_connection_connections",
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(["case_id"], ["cases.case_id"], name="fk_ticket_replies_case_id_cases"),
    )
    op.create_index("ix_ticket_replies_case_id", "ticket_replies", ["case_id"])


def _tickets() -> None:
    op.create_table(
        "tickets",
        sa.Column("connection", _NAME, nullable=False),
        sa.Column("case_id", _ID, nullable=False),
        sa.Column("external_id", sa.String(64)),
        sa.Column("told", sa.BigInteger, nullable=False, server_default="0"),
        sa.Column("trying", sa.BigInteger),
        sa.Column("closed_there", sa.Boolean, nullable=False, server_default=sa.false()),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("next_at", sa.Double, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False, server_default="0"),
        sa.Column("last_error", sa.String(64)),
        sa.Column("lease", sa.String(32)),
        sa.Column("leased_until", sa.Double),
        sa.CheckConstraint("state IN ('waiting', 'told', 'failed', 'gone')", name=op.f("ck_tickets_state")),
        sa.PrimaryKeyConstraint("connection", "case_id", name="pk_tickets"),
        sa.ForeignKeyConstraint(
            ["connection"],
            ["connections.name"],
            name="fk_tickets_connection_connections",
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(["case_id"], ["cases.case_id"], name="fk_tickets_case_id_cases"),
    )
    op.create_index("ix_tickets_case_id", "tickets", ["case_id"])
    there, waiting = sa.text("external_id IS NOT NULL"), sa.text("state = 'waiting'")
    op.create_index(
        "uq_tickets_external",
        "tickets",
        ["connection", "external_id"],
        unique=True,
        sqlite_where=there,
        postgresql_where=there,
    )
    op.create_index(
        "ix_tickets_waiting", "tickets", ["next_at"], sqlite_where=waiting, postgresql_where=waiting
    )


def downgrade() -> None:
    """Back to none: which ticket is of which case is forgotten."""
    op.drop_table("ticket_replies")
    op.drop_table("tickets")
    op.drop_table("connections")
