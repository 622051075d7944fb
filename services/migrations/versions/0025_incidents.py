"""Owners choose how they are told, and are told once of findings that belong together."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0025_incidents"
down_revision = "0024_erasure"
branch_labels = None
depends_on = None

_ID = sa.String(128)
_STATES = "state IN ('waiting', 'delivered', 'failed', 'undeliverable', 'digested', 'suppressed')"
_OPEN = sa.text("closed_at IS NULL")
_JOINED = sa.text("incident_id IS NOT NULL")


def upgrade() -> None:
    """Nobody has chosen anything, and notices of before stand alone."""
    op.create_table(
        "preferences",
        sa.Column("account_id", _ID, nullable=False),
        sa.Column("alerts", sa.Text, nullable=False),
        sa.Column("quiet_from", sa.Integer),
        sa.Column("quiet_to", sa.Integer),
        sa.Column("time_zone", sa.String(64)),
        sa.Column("phrase", sa.String(64)),
        sa.Column("changed_at", sa.Double, nullable=False),
        sa.CheckConstraint("(quiet_from IS NULL) = (quiet_to IS NULL)", name=op.f("ck_preferences_quiet")),
        sa.PrimaryKeyConstraint("account_id", name="pk_preferences"),
    )
    _create_incidents()
    op.add_column("notices", sa.Column("incident_id", _ID))
    if op.get_bind().dialect.name == "sqlite":
        _widen_states_anew()
    else:
        op.drop_constraint(op.f("ck_notices_state"), "notices", type_="check")
        op.create_check_constraint(op.f("ck_notices_state"), "notices", _STATES)
    op.create_index(
        "ix_notices_incident_id", "notices", ["incident_id"], sqlite_where=_JOINED, postgresql_where=_JOINED
    )


def _widen_states_anew() -> None:
    """SQLite makes the table anew, which no other may point to meanwhile."""
    op.execute("CREATE TEMPORARY TABLE kept_deliveries AS SELECT * FROM deliveries")
    op.drop_table("deliveries")
    with op.batch_alter_table("notices") as notices:
        notices.drop_constraint(op.f("ck_notices_state"), type_="check")
        notices.create_check_constraint(op.f("ck_notices_state"), _STATES)
    op.create_table(
        "deliveries",
        sa.Column("notice_id", _ID, nullable=False),
        sa.Column("channel", sa.String(16), nullable=False),
        sa.Column("address_key", sa.String(32), nullable=False),
        sa.Column("outcome", sa.String(64), nullable=False),
        sa.Column("delivered_at", sa.Double, nullable=False),
        sa.ForeignKeyConstraint(["notice_id"], ["notices.notice_id"], name="fk_deliveries_notice_id_notices"),
        sa.PrimaryKeyConstraint("notice_id", "channel", "address_key", name="pk_deliveries"),
    )
    op.execute("INSERT INTO deliveries SELECT * FROM kept_deliveries")
    op.execute("DROP TABLE kept_deliveries")


def _create_incidents() -> None:
    op.create_table(
        "incidents",
        sa.Column("incident_id", _ID, nullable=False),
        sa.Column("account_id", _ID, nullable=False),
        sa.Column("severity", sa.String(16), nullable=False),
        sa.Column("opened_at", sa.Double, nullable=False),
        sa.Column("last_at", sa.Double, nullable=False),
        sa.Column("closed_at", sa.Double),
        sa.Column("answer", sa.String(16)),
        sa.Column("answered_at", sa.Double),
        sa.CheckConstraint(
            "severity IN ('low', 'medium', 'high', 'critical')", name=op.f("ck_incidents_severity")
        ),
        sa.CheckConstraint("answer IN ('was_me', 'not_me')", name=op.f("ck_incidents_answer")),
        sa.PrimaryKeyConstraint("incident_id", name="pk_incidents"),
    )
    op.create_index("ix_incidents_account_id_opened_at", "incidents", ["account_id", "opened_at"])
    op.create_index("ix_incidents_last_at", "incidents", ["last_at"])
    op.create_index(
        "uq_incidents_open",
        "incidents",
        ["account_id"],
        unique=True,
        sqlite_where=_OPEN,
        postgresql_where=_OPEN,
    )


def downgrade() -> None:
    """Not offered: what owners chose would be lost."""
    raise NotImplementedError("restore a backup from before it instead")
