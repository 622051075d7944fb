"""Members of staff, their sessions, and tries to sign in."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0040_staff"
down_revision = "0039_help_desks"
branch_labels = None
depends_on = None

_NAME = sa.String(64)


def upgrade() -> None:
    """Nobody is staff yet: `payguard admin staff add` makes the first member."""
    _members()
    _sessions()
    op.create_table(
        "staff_tries",
        sa.Column("who", sa.String(32), nullable=False),
        sa.Column("failures", sa.Integer, nullable=False),
        sa.Column("since", sa.Double, nullable=False),
        sa.Column("locks", sa.Integer, nullable=False),
        sa.Column("locked_until", sa.Double),
        sa.PrimaryKeyConstraint("who", name="pk_staff_tries"),
    )
    op.create_index("ix_staff_tries_since", "staff_tries", ["since"])


def _members() -> None:
    op.create_table(
        "staff_members",
        sa.Column("name", _NAME, nullable=False),
        sa.Column("ident", sa.String(12), nullable=False),
        sa.Column("display_name", sa.String(128), nullable=False),
        sa.Column("role", sa.String(16), nullable=False),
        sa.Column("locale", sa.String(8), nullable=False),
        sa.Column("time_zone", sa.String(64), nullable=False),
        sa.Column("keys", sa.Boolean, nullable=False),
        sa.Column("password_hash", sa.String(256)),
        sa.Column("totp_secret", sa.LargeBinary(256)),
        sa.Column("totp_bound_at", sa.Double),
        sa.Column("totp_step", sa.BigInteger),
        sa.Column("subject", sa.String(64)),
        sa.Column("invited_hash", sa.String(64)),
        sa.Column("invited_until", sa.Double),
        sa.Column("added_at", sa.Double, nullable=False),
        sa.Column("added_by", sa.String(128), nullable=False),
        sa.Column("signed_in_at", sa.Double),
        sa.Column("disabled_at", sa.Double),
        sa.PrimaryKeyConstraint("name", name="pk_staff_members"),
        sa.CheckConstraint(
            "role IN ('agent', 'senior', 'security', 'admin', 'auditor')", name="ck_staff_members_role"
        ),
    )
    op.create_index("ix_staff_members_ident", "staff_members", ["ident"], unique=True)
    op.create_index("ix_staff_members_subject", "staff_members", ["subject"], unique=True)


def _sessions() -> None:
    op.create_table(
        "staff_sessions",
        sa.Column("session_id", sa.String(16), nullable=False),
        sa.Column("token_hash", sa.String(64), nullable=False),
        sa.Column("name", _NAME, nullable=False),
        sa.Column("way", sa.String(16), nullable=False),
        sa.Column("address", sa.String(64)),
        sa.Column("browser", sa.String(64)),
        sa.Column("started_at", sa.Double, nullable=False),
        sa.Column("used_at", sa.Double, nullable=False),
        sa.Column("expires_at", sa.Double, nullable=False),
        sa.Column("checked_at", sa.Double, nullable=False),
        sa.Column("ended_at", sa.Double),
        sa.Column("ended_by", sa.String(128)),
        sa.Column("why", sa.String(16)),
        sa.PrimaryKeyConstraint("session_id", name="pk_staff_sessions"),
    )
    op.create_index("ix_staff_sessions_token_hash", "staff_sessions", ["token_hash"], unique=True)
    op.create_index("ix_staff_sessions_name_ended_at", "staff_sessions", ["name", "ended_at"])
    op.create_index("ix_staff_sessions_ended_at_expires_at", "staff_sessions", ["ended_at", "expires_at"])


def downgrade() -> None:
    """Nobody can work at the desk."""
    for table in ("staff_tries", "staff_sessions", "staff_members"):
        op.drop_table(table)
