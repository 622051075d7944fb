"""Factors, challenges and the audit of attempts."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002_challenges"
down_revision = "0001_cases"
branch_labels = None
depends_on = None

_KEPT = sa.text("state <> 'removed'")


def upgrade() -> None:
    """Create the three tables with their indexes."""
    _create_factors()
    _create_challenges()
    _create_attempts()


def downgrade() -> None:
    """Drop them; enrolled factors are lost."""
    op.drop_table("attempts")
    op.drop_table("challenges")
    op.drop_table("factors")


def _create_factors() -> None:
    op.create_table(
        "factors",
        sa.Column("id", sa.String(32), nullable=False),
        sa.Column("account_id", sa.String(128), nullable=False),
        sa.Column("secret", sa.LargeBinary, nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("last_step", sa.BigInteger, nullable=False),
        sa.Column("failures_in_row", sa.Integer, nullable=False),
        sa.Column("failures_total", sa.Integer, nullable=False),
        sa.Column("locked_until", sa.Double, nullable=False),
        sa.Column("created_at", sa.Double, nullable=False),
        sa.Column("confirmed_at", sa.Double),
        sa.PrimaryKeyConstraint("id", name="pk_factors"),
        sa.CheckConstraint(
            "state IN ('pending', 'active', 'disabled', 'removed')", name=op.f("ck_factors_state")
        ),
    )
    op.create_index(
        "uq_factors_account_kept",
        "factors",
        ["account_id"],
        unique=True,
        sqlite_where=_KEPT,
        postgresql_where=_KEPT,
    )


def _create_challenges() -> None:
    op.create_table(
        "challenges",
        sa.Column("challenge_id", sa.String(128), nullable=False),
        sa.Column("account_id", sa.String(128), nullable=False),
        sa.Column("event_id", sa.String(128), nullable=False),
        sa.Column("purpose", sa.String(16), nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("amount", sa.String(32)),
        sa.Column("currency", sa.String(3)),
        sa.Column("payee_id", sa.String(128)),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("issued_at", sa.Double, nullable=False),
        sa.Column("expires_at", sa.Double, nullable=False),
        sa.Column("attempts_left", sa.Integer, nullable=False),
        sa.Column("closed_at", sa.Double),
        sa.Column("passed_step", sa.BigInteger),
        sa.PrimaryKeyConstraint("challenge_id", name="pk_challenges"),
        sa.CheckConstraint(
            "state IN ('open', 'passed', 'failed', 'expired')", name=op.f("ck_challenges_state")
        ),
        sa.CheckConstraint(
            "(state = 'passed') = (passed_step IS NOT NULL)", name=op.f("ck_challenges_passed_step")
        ),
    )
    op.create_index("ix_challenges_state_expires_at", "challenges", ["state", "expires_at"])
    op.create_index("ix_challenges_account_id", "challenges", ["account_id"])


def _create_attempts() -> None:
    op.create_table(
        "attempts",
        sa.Column("id", sa.String(32), nullable=False),
        sa.Column("account_id", sa.String(128)),
        sa.Column("factor_id", sa.String(32)),
        sa.Column("challenge_id", sa.String(128)),
        sa.Column("result", sa.String(16), nullable=False),
        sa.Column("at", sa.Double, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_attempts"),
    )
    op.create_index("ix_attempts_account_id_at", "attempts", ["account_id", "at"])
