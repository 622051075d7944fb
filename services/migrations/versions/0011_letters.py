"""Contacts with a history, deliveries by address, digests, and how many letters may go out."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from services.cases.mail_addresses import address_key

revision = "0011_letters"
down_revision = "0010_known_device_failures"
branch_labels = None
depends_on = None

_ROWS = 1000
_OPEN = sa.text("until IS NULL")
_WAITING = sa.text("state = 'waiting'")
_STATES = "state IN ('waiting', 'delivered', 'failed', 'undeliverable', 'digested')"
_OPEN_DIGEST = sa.text("template = 'digest' AND state = 'waiting' AND attempts = 0")
_COLUMNS = "notice_id, event_id, account_id, template, recorded_at, state, attempts, next_at, lease, last_error, ended_at, news"


def upgrade() -> None:
    """Contacts become points; what was delivered keeps its address."""
    _create_contact_points()
    op.rename_table("deliveries", "old_deliveries")
    _widen_notices()
    _create_deliveries()
    _move_deliveries()
    op.drop_table("old_deliveries")
    if op.get_bind().dialect.name == "sqlite":
        op.drop_table("old_notices")
    op.drop_table("contacts")
    op.create_table(
        "letter_rates",
        sa.Column("reason", sa.String(64), nullable=False),
        sa.Column("letters", sa.Double, nullable=False),
        sa.Column("at", sa.Double, nullable=False),
        sa.PrimaryKeyConstraint("reason", name="pk_letter_rates"),
    )


def downgrade() -> None:
    """Not offered: the history of contacts would be lost."""
    raise NotImplementedError("restore a backup from before it instead")


def _create_contact_points() -> None:
    op.create_table(
        "contact_points",
        sa.Column("point_id", sa.String(32), nullable=False),
        sa.Column("account_id", sa.String(128), nullable=False),
        sa.Column("channel", sa.String(16), nullable=False),
        sa.Column("address", sa.String(254), nullable=False),
        sa.Column("locale", sa.String(16), nullable=False),
        sa.Column("time_zone", sa.String(64), nullable=False),
        sa.Column("since", sa.Double, nullable=False),
        sa.Column("until", sa.Double),
        sa.Column("told_by", sa.String(128)),
        sa.PrimaryKeyConstraint("point_id", name="pk_contact_points"),
    )
    op.create_index(
        "uq_contact_points_open",
        "contact_points",
        ["account_id", "channel"],
        unique=True,
        sqlite_where=_OPEN,
        postgresql_where=_OPEN,
    )
    op.create_index("ix_contact_points_account_id_until", "contact_points", ["account_id", "until"])
    columns = "INSERT INTO contact_points (point_id, account_id, channel, address, locale, time_zone, since) SELECT "
    identity = "lower(hex(randomblob(16)))" if _sqlite() else "replace(gen_random_uuid()::text, '-', '')"
    values = ", account_id, 'mail', email, locale, time_zone, changed_at FROM contacts"
    op.execute(columns + identity + values)


def _widen_notices() -> None:
    if not _sqlite():
        op.execute("ALTER TABLE old_deliveries RENAME CONSTRAINT pk_deliveries TO pk_old_deliveries")
        op.add_column("notices", sa.Column("digest_id", sa.String(128)))
        op.drop_constraint(op.f("ck_notices_state"), "notices", type_="check")
        op.create_check_constraint(op.f("ck_notices_state"), "notices", _STATES)
    else:
        op.drop_index("ix_notices_waiting", table_name="notices")
        op.rename_table("notices", "old_notices")
        _create_notices()
        op.execute("INSERT INTO notices SELECT *, NULL FROM old_notices")
        op.create_index("ix_notices_waiting", "notices", ["next_at"], sqlite_where=_WAITING)
    digested = sa.text("digest_id IS NOT NULL")
    op.create_index(
        "ix_notices_digest_id", "notices", ["digest_id"], sqlite_where=digested, postgresql_where=digested
    )
    op.create_index(
        "uq_notices_open_digest",
        "notices",
        ["account_id"],
        unique=True,
        sqlite_where=_OPEN_DIGEST,
        postgresql_where=_OPEN_DIGEST,
    )


def _create_notices() -> None:
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
        sa.Column("digest_id", sa.String(128)),
        sa.CheckConstraint(_STATES, name=op.f("ck_notices_state")),
        sa.PrimaryKeyConstraint("notice_id", name="pk_notices"),
    )


def _create_deliveries() -> None:
    op.create_table(
        "deliveries",
        sa.Column("notice_id", sa.String(128), nullable=False),
        sa.Column("channel", sa.String(16), nullable=False),
        sa.Column("address_key", sa.String(32), nullable=False),
        sa.Column("outcome", sa.String(64), nullable=False),
        sa.Column("delivered_at", sa.Double, nullable=False),
        sa.ForeignKeyConstraint(["notice_id"], ["notices.notice_id"], name="fk_deliveries_notice_id_notices"),
        sa.PrimaryKeyConstraint("notice_id", "channel", "address_key", name="pk_deliveries"),
    )


def _move_deliveries() -> None:
    connection = op.get_bind()
    found = connection.execute(
        sa.text(
            "SELECT notice_id, old_deliveries.channel, delivered_at, address FROM old_deliveries"
            " JOIN notices USING (notice_id) LEFT JOIN contact_points USING (account_id)"
        )
    )
    new = sa.table(
        "deliveries",
        *map(sa.column, ("notice_id", "channel", "address_key", "outcome", "delivered_at")),
    )
    while batch := found.fetchmany(_ROWS):
        rows = [
            {
                "notice_id": row.notice_id,
                "channel": row.channel,
                "address_key": address_key(row.address or ""),
                "outcome": "delivered",
                "delivered_at": row.delivered_at,
            }
            for row in batch
        ]
        connection.execute(new.insert(), rows)


def _sqlite() -> bool:
    return op.get_bind().dialect.name == "sqlite"
