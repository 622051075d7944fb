"""Re-enrolment, recovery codes, resets by administrators, and notices that no decision asks for."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005_factor_life"
down_revision = "0004_audit"
branch_labels = None
depends_on = None

_IN_USE = sa.text("state <> 'removed' AND state <> 'pending'")
_PENDING = sa.text("state = 'pending'")
_OPEN = sa.text("state = 'requested' OR state = 'approved'")
_WAITING = sa.text("state = 'waiting'")
_FOREIGN_KEY = "fk_notices_event_id_recorded_decisions"


def upgrade() -> None:
    """Widen the factors and the notices, create the two tables."""
    op.add_column("factors", sa.Column("replaces", sa.String(32)))
    op.add_column("factors", sa.Column("qr_ticket", sa.String(64)))
    op.drop_index("uq_factors_account_kept", table_name="factors")
    _one_an_account("uq_factors_account_in_use", "factors", _IN_USE)
    _one_an_account("uq_factors_account_pending", "factors", _PENDING)
    _create_recovery_codes()
    _create_resets()
    _free_notices()


def downgrade() -> None:
    """Not offered: recovery codes would be lost, and the audit before it cannot be taken back either."""
    raise NotImplementedError("restore a backup from before it instead")


def _one_an_account(name: str, table: str, where: sa.TextClause) -> None:
    op.create_index(name, table, ["account_id"], unique=True, sqlite_where=where, postgresql_where=where)


def _create_recovery_codes() -> None:
    op.create_table(
        "recovery_codes",
        sa.Column("account_id", sa.String(128), nullable=False),
        sa.Column("prefix", sa.String(4), nullable=False),
        sa.Column("hash", sa.String(128), nullable=False),
        sa.Column("made_at", sa.Double, nullable=False),
        sa.Column("used_at", sa.Double),
        sa.PrimaryKeyConstraint("account_id", "prefix", name="pk_recovery_codes"),
    )


def _create_resets() -> None:
    states = "state IN ('requested', 'approved', 'done', 'cancelled', 'lapsed')"
    op.create_table(
        "factor_resets",
        sa.Column("reset_id", sa.String(32), nullable=False),
        sa.Column("account_id", sa.String(128), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("reason", sa.String(500), nullable=False),
        sa.Column("requested_by", sa.String(12), nullable=False),
        sa.Column("requested_at", sa.Double, nullable=False),
        sa.Column("due_at", sa.Double, nullable=False),
        sa.Column("approved_by", sa.String(12)),
        sa.Column("approved_at", sa.Double),
        sa.Column("ended_by", sa.String(12)),
        sa.Column("ended_at", sa.Double),
        sa.PrimaryKeyConstraint("reset_id", name="pk_factor_resets"),
        sa.CheckConstraint(states, name=op.f("ck_factor_resets_state")),
        sa.CheckConstraint("approved_by <> requested_by", name=op.f("ck_factor_resets_two_people")),
    )
    _one_an_account("uq_factor_resets_account_open", "factor_resets", _OPEN)
    op.create_index("ix_factor_resets_state_due_at", "factor_resets", ["state", "due_at"])


def _free_notices() -> None:
    """Notices may be about an event without a decision. SQLite drops no foreign key: there the table is made anew.

    Deliveries point at notices, so they are made anew too: dropping the old table would break them.
    """
    if op.get_bind().dialect.name != "sqlite":
        op.add_column("notices", sa.Column("news", sa.Text))
        op.drop_constraint(_FOREIGN_KEY, "notices", type_="foreignkey")
        return
    op.drop_index("ix_notices_waiting", table_name="notices")
    op.rename_table("deliveries", "old_deliveries")
    op.rename_table("notices", "old_notices")
    _create_notices()
    _create_deliveries()
    op.execute("INSERT INTO notices SELECT *, NULL FROM old_notices")
    op.execute("INSERT INTO deliveries SELECT notice_id, channel, delivered_at FROM old_deliveries")
    op.drop_table("old_deliveries")
    op.drop_table("old_notices")


def _create_deliveries() -> None:
    op.create_table(
        "deliveries",
        sa.Column("notice_id", sa.String(128), nullable=False),
        sa.Column("channel", sa.String(16), nullable=False),
        sa.Column("delivered_at", sa.Double, nullable=False),
        sa.ForeignKeyConstraint(["notice_id"], ["notices.notice_id"], name="fk_deliveries_notice_id_notices"),
        sa.PrimaryKeyConstraint("notice_id", "channel", name="pk_deliveries"),
    )


def _create_notices() -> None:
    states = "state IN ('waiting', 'delivered', 'failed', 'undeliverable')"
    op.create_table(
        "notices",
        sa.Column("notice_id", sa.String(128), nullable=False),
        sa.Column("event_id", sa.String(128), nullable=False),
        sa.Column("account_id", sa.String(128), nullable=False),
        sa.Column("template", sa.String(64), nullable=False),
        sa.Column("recorded_at", sa.Double, nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("attempts", sa.Integer, server_default="0", nullable=False),
        sa.Column("next_at", sa.Double, nullable=False),
        sa.Column("lease", sa.String(64)),
        sa.Column("last_error", sa.String(256)),
        sa.Column("ended_at", sa.Double),
        sa.Column("news", sa.Text),
        sa.CheckConstraint(states, name=op.f("ck_notices_state")),
        sa.PrimaryKeyConstraint("notice_id", name="pk_notices"),
    )
    op.create_index(
        "ix_notices_waiting", "notices", ["next_at"], sqlite_where=_WAITING, postgresql_where=_WAITING
    )
