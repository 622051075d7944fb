"""Freezes and held payments as rows that have an end, and acts that need a second person."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0017_holds"
down_revision = "0016_webhooks"
branch_labels = None
depends_on = None

_ID = sa.String(128)


def upgrade() -> None:
    """Freezes of before stand in the wallet alone: the release of a case ended them."""
    op.create_table(
        "account_holds",
        sa.Column("hold_id", _ID, nullable=False),
        sa.Column("account_id", _ID, nullable=False),
        sa.Column("event_id", _ID, nullable=False),
        sa.Column("placed_at", sa.Double, nullable=False),
        sa.Column("placed_by", _ID, nullable=False),
        sa.Column("released_at", sa.Double),
        sa.Column("released_by", _ID),
        sa.Column("why", sa.String(4000)),
        sa.PrimaryKeyConstraint("hold_id", name="pk_account_holds"),
    )
    op.create_index("ix_account_holds_account_id", "account_holds", ["account_id"])
    _partial("uq_account_holds_standing", "account_holds", ["account_id"], "released_at IS NULL", unique=True)
    _payments()
    _approvals()


def _payments() -> None:
    op.create_table(
        "held_payments",
        sa.Column("account_id", _ID, nullable=False),
        sa.Column("event_id", _ID, nullable=False),
        sa.Column("effect_id", _ID, nullable=False),
        sa.Column("amount", sa.String(64), nullable=False),
        sa.Column("currency", sa.String(8), nullable=False),
        sa.Column("payee_id", _ID),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("placed_at", sa.Double, nullable=False),
        sa.Column("due_at", sa.Double, nullable=False),
        sa.Column("settled_at", sa.Double),
        sa.Column("settled_by", _ID),
        sa.Column("why", sa.String(4000)),
        sa.CheckConstraint(
            "state IN ('held', 'released', 'cancelled', 'expired')", name=op.f("ck_held_payments_state")
        ),
        sa.PrimaryKeyConstraint("account_id", "event_id", name="pk_held_payments"),
        sa.UniqueConstraint("effect_id", name="uq_held_payments_effect_id"),
    )
    _partial("ix_held_payments_due", "held_payments", ["due_at"], "state = 'held'")


def _approvals() -> None:
    op.create_table(
        "approvals",
        sa.Column("approval_id", sa.String(32), nullable=False),
        sa.Column("act", sa.String(32), nullable=False),
        sa.Column("subject", _ID, nullable=False),
        sa.Column("account_id", _ID, nullable=False),
        sa.Column("asked_by", _ID, nullable=False),
        sa.Column("asked_at", sa.Double, nullable=False),
        sa.Column("expires_at", sa.Double, nullable=False),
        sa.Column("why", sa.String(4000), nullable=False),
        sa.Column("decided_by", _ID),
        sa.Column("decided_at", sa.Double),
        sa.Column("decision", sa.String(16)),
        sa.CheckConstraint(
            "decision IN ('approved', 'refused', 'expired')", name=op.f("ck_approvals_decision")
        ),
        sa.CheckConstraint(
            "decided_by IS NULL OR decided_by <> asked_by", name=op.f("ck_approvals_two_people")
        ),
        sa.PrimaryKeyConstraint("approval_id", name="pk_approvals"),
    )
    op.create_index("ix_approvals_account_id", "approvals", ["account_id"])
    _partial("uq_approvals_open", "approvals", ["act", "subject"], "decision IS NULL", unique=True)


def _partial(name: str, table: str, columns: list[str], where: str, *, unique: bool = False) -> None:
    clause = sa.text(where)
    op.create_index(name, table, columns, unique=unique, sqlite_where=clause, postgresql_where=clause)


def downgrade() -> None:
    """Not offered: standing freezes and held payments would be lost."""
    raise NotImplementedError("restore a backup from before it instead")
