"""Acts on all accounts of an attack at once."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0052_attack_acts"
down_revision = "0051_ticket_numbers"
branch_labels = None
depends_on = None

_ID = sa.String(128)
_LIVE = sa.text("state IN ('waiting', 'leaving', 'undoing')")
_ACTS = "act IN ('require_factor', 'end_sessions', 'hold_money', 'tell_owners')"
_STATES = "state IN ('waiting', 'leaving', 'done', 'undoing', 'undone', 'refused', 'lapsed', 'over')"
_OF_ACCOUNTS = "state IN ('waiting', 'done', 'skipped', 'over', 'kept', 'undone')"


def upgrade() -> None:
    """Nothing was done for all at once before."""
    op.create_table(
        "attack_acts",
        sa.Column("act_id", sa.String(32), nullable=False),
        sa.Column("attack_id", sa.String(32), nullable=False),
        sa.Column("act", sa.String(16), nullable=False),
        sa.Column("scope", sa.String(16), nullable=False),
        sa.Column("hours", sa.Integer()),
        sa.Column("accounts", sa.Integer(), nullable=False),
        sa.Column("why", sa.String(500), nullable=False),
        sa.Column("asked_by", _ID, nullable=False),
        sa.Column("asked_at", sa.Double(), nullable=False),
        sa.Column("allowed_by", _ID),
        sa.Column("allowed_at", sa.Double()),
        sa.Column("leaves_at", sa.Double()),
        sa.Column("until", sa.Double()),
        sa.Column("undone_by", _ID),
        sa.Column("undone_at", sa.Double()),
        sa.Column("ended_at", sa.Double()),
        sa.Column("state", sa.String(16), nullable=False),
        sa.PrimaryKeyConstraint("act_id", name="pk_attack_acts"),
        sa.ForeignKeyConstraint(
            ["attack_id"], ["attacks.attack_id"], name="fk_attack_acts_attack_id_attacks", ondelete="CASCADE"
        ),
        sa.CheckConstraint(_ACTS, name=op.f("ck_attack_acts_act")),
        sa.CheckConstraint("scope IN ('gave_way', 'touched')", name=op.f("ck_attack_acts_scope")),
        sa.CheckConstraint(_STATES, name=op.f("ck_attack_acts_state")),
        sa.CheckConstraint(
            "allowed_by IS NULL OR allowed_by <> asked_by", name=op.f("ck_attack_acts_two_people")
        ),
    )
    _indexes()
    _accounts()


def _indexes() -> None:
    op.create_index("ix_attack_acts_attack_id_asked_at", "attack_acts", ["attack_id", "asked_at"])
    op.create_index("ix_attack_acts_state_leaves_at", "attack_acts", ["state", "leaves_at"])
    op.create_index(
        "uq_attack_acts_under_way",
        "attack_acts",
        ["attack_id", "act"],
        unique=True,
        sqlite_where=_LIVE,
        postgresql_where=_LIVE,
    )


def _accounts() -> None:
    op.create_table(
        "attack_act_accounts",
        sa.Column("act_id", sa.String(32), nullable=False),
        sa.Column("account_id", _ID, nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("why", sa.String(32)),
        sa.Column("at", sa.Double()),
        sa.PrimaryKeyConstraint("act_id", "account_id", name="pk_attack_act_accounts"),
        sa.ForeignKeyConstraint(
            ["act_id"],
            ["attack_acts.act_id"],
            name="fk_attack_act_accounts_act_id_attack_acts",
            ondelete="CASCADE",
        ),
        sa.CheckConstraint(_OF_ACCOUNTS, name=op.f("ck_attack_act_accounts_state")),
    )
    op.create_index("ix_attack_act_accounts_account_id", "attack_act_accounts", ["account_id"])
    op.create_index("ix_attack_act_accounts_act_id_state", "attack_act_accounts", ["act_id", "state"])


def downgrade() -> None:
    """What was done stays done; what was asked for is lost."""
    op.drop_table("attack_act_accounts")
    op.drop_table("attack_acts")
