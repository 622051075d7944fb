"""Notices are planned into messages, one a channel and address, which take the place of deliveries."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0026_messages"
down_revision = "0025_incidents"
branch_labels = None
depends_on = None

_ID = sa.String(128)
_STATES = "state IN ('waiting', 'planned', 'delivered', 'failed', 'undeliverable', 'suppressed', 'digested')"
_OPEN = sa.text("state IN ('waiting', 'sending')")
_OPEN_DIGEST = sa.text("template = 'digest' AND state = 'waiting'")
_NAMED = sa.text("provider_id IS NOT NULL")
#: What was delivered, or refused, stays known by the address, so that it is not sent again.
_MOVED = """
    INSERT INTO messages (
      message_id, notice_id, account_id, channel, address_key, message_class, template, locale, time_zone,
      state, why, attempts, planned_at, next_at, ended_at
    )
    SELECT notice_id || '.' || channel || '.' || address_key, notice_id, account_id, channel, address_key,
      CASE WHEN template = 'digest' THEN 'digest'
           WHEN template IN ('login_notice', 'transaction_notice', 'challenge_notice') THEN 'security'
           ELSE 'critical' END,
      template, 'zh-CN', 'UTC', CASE WHEN outcome = 'delivered' THEN 'handed_over' ELSE 'failed' END,
      CASE WHEN outcome = 'delivered' THEN NULL ELSE outcome END, 1, recorded_at, delivered_at, delivered_at
    FROM kept_deliveries JOIN notices USING (notice_id)
"""


#: Of two digests of an account that wait, the one that was tried goes into the other: there is one now at most.
_TRIED = "template = 'digest' AND state = 'waiting' AND attempts > 0"
_FRESH = (
    "SELECT fresh.notice_id FROM notices AS tried JOIN notices AS fresh ON fresh.account_id = tried.account_id"
    " WHERE fresh.template = 'digest' AND fresh.state = 'waiting' AND fresh.attempts = 0 AND tried.notice_id = "
)
_GONE = f"SELECT notice_id FROM notices AS gone WHERE {_TRIED} AND EXISTS ({_FRESH} gone.notice_id)"  # noqa: S608
_MERGED = (
    f"UPDATE notices SET digest_id = ({_FRESH} notices.digest_id) WHERE digest_id IN ({_GONE})",  # noqa: S608
    f"DELETE FROM deliveries WHERE notice_id IN ({_GONE})",  # noqa: S608
    f"DELETE FROM notices WHERE notice_id IN ({_GONE})",  # noqa: S608
)


def upgrade() -> None:
    """A notice that is being sent is planned anew; its messages that were taken, or refused for good, are there already."""
    for statement in _MERGED:
        op.execute(statement)
    op.execute("CREATE TEMPORARY TABLE kept_deliveries AS SELECT * FROM deliveries")
    # SQLite makes notices anew, which no other table may point to meanwhile.
    op.drop_table("deliveries")
    op.drop_index("uq_notices_open_digest", "notices")
    with op.batch_alter_table("notices") as notices:
        notices.drop_column("attempts")
        notices.drop_column("lease")
        notices.drop_constraint(op.f("ck_notices_state"), type_="check")
        notices.create_check_constraint(op.f("ck_notices_state"), _STATES)
    _index("uq_notices_open_digest", "notices", ["account_id"], _OPEN_DIGEST, unique=True)
    _create_messages()
    op.execute(_MOVED)
    op.execute("DROP TABLE kept_deliveries")


def downgrade() -> None:
    """Not offered: which messages wait, and for what, would be lost."""
    raise NotImplementedError("restore a backup from before it instead")


def _create_messages() -> None:
    # long because it is one table
    op.create_table(
        "messages",
        sa.Column("message_id", sa.String(192), nullable=False),
        sa.Column("notice_id", _ID, nullable=False),
        sa.Column("account_id", _ID, nullable=False),
        sa.Column("channel", sa.String(16), nullable=False),
        sa.Column("address_key", sa.String(32), nullable=False),
        sa.Column("point_id", sa.String(32)),
        sa.Column("message_class", sa.String(16), nullable=False),
        sa.Column("template", sa.String(64), nullable=False),
        sa.Column("locale", sa.String(16), nullable=False),
        sa.Column("time_zone", sa.String(64), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("why", sa.String(64)),
        sa.Column("attempts", sa.Integer, server_default="0", nullable=False),
        sa.Column("planned_at", sa.Double, nullable=False),
        sa.Column("next_at", sa.Double, nullable=False),
        sa.Column("lease", sa.String(64)),
        sa.Column("after_notice", _ID),
        sa.Column("held_until", sa.Double),
        sa.Column("fallback", sa.Boolean, server_default=sa.false(), nullable=False),
        sa.Column("ended_at", sa.Double),
        sa.Column("delivered_at", sa.Double),
        sa.Column("provider_id", sa.String(128)),
        sa.Column("last_error", sa.String(256)),
        sa.CheckConstraint(
            "state IN ('waiting', 'sending', 'handed_over', 'delivered', 'failed', 'suppressed')",
            name=op.f("ck_messages_state"),
        ),
        sa.CheckConstraint(
            "message_class IN ('critical', 'security', 'digest')", name=op.f("ck_messages_class")
        ),
        sa.ForeignKeyConstraint(
            ["notice_id"], ["notices.notice_id"], name="fk_messages_notice_id_notices", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("message_id", name="pk_messages"),
    )
    op.create_index(
        "uq_messages_notice_id_channel_address_key",
        "messages",
        ["notice_id", "channel", "address_key"],
        unique=True,
    )
    op.create_index("ix_messages_account_id_planned_at", "messages", ["account_id", "planned_at"])
    _index("ix_messages_open", "messages", ["channel", "next_at"], _OPEN)
    _index("ix_messages_provider_id", "messages", ["provider_id"], _NAMED)


def _index(name: str, table: str, columns: list[str], where: sa.TextClause, *, unique: bool = False) -> None:
    op.create_index(name, table, columns, unique=unique, sqlite_where=where, postgresql_where=where)
