"""Attacks on many accounts, each as one thing; and the address in rows of activity, by which they are recognised."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0050_attacks"
down_revision = "0049_settled_payments"
branch_labels = None
depends_on = None

_ID = sa.String(128)
_ATTACK = sa.String(32)
_FAILED = sa.text("outcome IN ('failure', 'failed')")


def upgrade() -> None:
    """No attack was recognised before; rows of activity of before name no address."""
    _of_activity()
    op.create_table(
        "attacks",
        sa.Column("attack_id", _ATTACK, nullable=False),
        sa.Column("kind", sa.String(32), nullable=False),
        sa.Column("state", sa.String(8), nullable=False),
        sa.Column("begun_at", sa.Double(), nullable=False),
        sa.Column("last_at", sa.Double(), nullable=False),
        sa.Column("recognised_at", sa.Double(), nullable=False),
        sa.Column("ended_at", sa.Double()),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("accounts", sa.Integer(), nullable=False),
        sa.Column("sources", sa.Integer(), nullable=False),
        sa.Column("gave_way", sa.Integer(), nullable=False),
        sa.Column("usual_per_minute", sa.Double(), nullable=False),
        sa.Column("peak_per_minute", sa.Integer(), nullable=False),
        sa.Column("peak_at", sa.Double(), nullable=False),
        sa.Column("at_stake", sa.Text()),
        sa.Column("lead", _ID),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("told_at", sa.Double()),
        sa.Column("told_size", sa.Integer(), nullable=False, server_default="0"),
        sa.PrimaryKeyConstraint("attack_id", name="pk_attacks"),
        sa.CheckConstraint(
            "kind IN ('credential_stuffing', 'password_spraying', 'code_guessing', 'card_testing')",
            name=op.f("ck_attacks_kind"),
        ),
        sa.CheckConstraint("state IN ('open', 'over')", name=op.f("ck_attacks_state")),
    )
    op.create_index("ix_attacks_state_last_at", "attacks", ["state", "last_at"])
    op.create_index("ix_attacks_begun_at_attack_id", "attacks", ["begun_at", "attack_id"])
    op.create_table(
        "attack_numbers",
        sa.Column("name", sa.String(16), nullable=False),
        sa.Column("last", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_attack_numbers"),
    )
    _parts()
    _told()


def _of_activity() -> None:
    op.add_column("activity", sa.Column("ip_key", sa.LargeBinary(16)))
    op.create_index(
        "ix_activity_failed_at", "activity", ["at"], sqlite_where=_FAILED, postgresql_where=_FAILED
    )


def _part(table: str, *columns: sa.Column[object] | sa.CheckConstraint, key: list[str]) -> None:
    op.create_table(
        table,
        sa.Column("attack_id", _ATTACK, nullable=False),
        *columns,
        sa.PrimaryKeyConstraint("attack_id", *key, name=f"pk_{table}"),
        sa.ForeignKeyConstraint(
            ["attack_id"], ["attacks.attack_id"], name=f"fk_{table}_attack_id_attacks", ondelete="CASCADE"
        ),
    )


def _parts() -> None:
    _part(
        "attack_sources",
        sa.Column("source_key", sa.LargeBinary(16), nullable=False),
        sa.Column("network_kind", sa.String(16), nullable=False),
        sa.Column("country", sa.String(2)),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("accounts", sa.Integer(), nullable=False),
        sa.Column("first_at", sa.Double(), nullable=False),
        sa.Column("last_at", sa.Double(), nullable=False),
        key=["source_key"],
    )
    _part(
        "attack_accounts",
        sa.Column("account_id", _ID, nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("first_at", sa.Double(), nullable=False),
        sa.Column("last_at", sa.Double(), nullable=False),
        sa.Column("gave_way_at", sa.Double()),
        sa.Column("gave_way_event_id", _ID),
        key=["account_id"],
    )
    op.create_index("ix_attack_accounts_account_id", "attack_accounts", ["account_id"])
    _part(
        "attack_minutes",
        sa.Column("minute", sa.Integer(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("gave_way", sa.Integer(), nullable=False),
        key=["minute"],
    )


def _told() -> None:
    op.create_table(
        "attack_log",
        sa.Column(
            "sequence",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            nullable=False,
            autoincrement=True,
        ),
        sa.Column("attack_id", _ATTACK, nullable=False),
        sa.Column("at", sa.Double(), nullable=False),
        sa.Column("what", sa.String(32), nullable=False),
        sa.Column("by", _ID, nullable=False),
        sa.Column("detail", sa.Text()),
        sa.PrimaryKeyConstraint("sequence", name="pk_attack_log"),
        sa.ForeignKeyConstraint(
            ["attack_id"], ["attacks.attack_id"], name="fk_attack_log_attack_id_attacks", ondelete="CASCADE"
        ),
    )
    op.create_index("ix_attack_log_attack_id_at", "attack_log", ["attack_id", "at"])
    _part(
        "attack_alerts",
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("way", sa.String(16), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("created_at", sa.Double(), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("next_at", sa.Double(), nullable=False),
        sa.Column("ended_at", sa.Double()),
        sa.Column("last_error", sa.String(64)),
        sa.CheckConstraint("way IN ('mail', 'webhook')", name=op.f("ck_attack_alerts_way")),
        sa.CheckConstraint("state IN ('waiting', 'sent', 'failed')", name=op.f("ck_attack_alerts_state")),
        key=["number", "way"],
    )
    op.create_index("ix_attack_alerts_state_next_at", "attack_alerts", ["state", "next_at"])


def downgrade() -> None:
    """What was recognised is lost."""
    for table in (
        "attack_alerts",
        "attack_log",
        "attack_minutes",
        "attack_accounts",
        "attack_sources",
        "attack_numbers",
        "attacks",
    ):
        op.drop_table(table)
    op.drop_index("ix_activity_failed_at", "activity")
    with op.batch_alter_table("activity") as activity:
        activity.drop_column("ip_key")
