"""The audit: append-only rows in hash-chained partitions; the attempts move into it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa
from alembic import op

from services.audit.chain import ALL_PARTITIONS, START, Entry, Head, linked, partition_of

revision = "0004_audit"
down_revision = "0003_api_keys"
branch_labels = None
depends_on = None

_ROWS = 1000
_POSTGRESQL = (
    """
    CREATE FUNCTION payguard_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN RAISE EXCEPTION 'the audit is append-only'; END $$
    """,
    """
    CREATE FUNCTION payguard_head_moves_on() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      IF NEW.lane <> OLD.lane OR NEW.seq <> OLD.seq + 1 THEN
        RAISE EXCEPTION 'the head of an audit lane moves one row at a time';
      END IF;
      RETURN NEW;
    END $$
    """,
    "CREATE TRIGGER audit_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit "
    "FOR EACH STATEMENT EXECUTE FUNCTION payguard_append_only()",
    "CREATE TRIGGER audit_heads_stay BEFORE DELETE OR TRUNCATE ON audit_heads "
    "FOR EACH STATEMENT EXECUTE FUNCTION payguard_append_only()",
    "CREATE TRIGGER audit_heads_move_on BEFORE UPDATE ON audit_heads "
    "FOR EACH ROW EXECUTE FUNCTION payguard_head_moves_on()",
)
_REFUSE = "BEGIN SELECT RAISE(ABORT, 'the audit is append-only'); END"
_SQLITE = (
    f"CREATE TRIGGER audit_no_update BEFORE UPDATE ON audit {_REFUSE}",
    f"CREATE TRIGGER audit_no_delete BEFORE DELETE ON audit {_REFUSE}",
    # INSERT OR REPLACE deletes without firing the trigger above.
    "CREATE TRIGGER audit_no_replace BEFORE INSERT ON audit "
    "WHEN EXISTS (SELECT 1 FROM audit WHERE lane = NEW.lane AND seq = NEW.seq) "
    "BEGIN SELECT RAISE(ABORT, 'the audit is append-only'); END",
    f"CREATE TRIGGER audit_heads_no_delete BEFORE DELETE ON audit_heads {_REFUSE}",
    "CREATE TRIGGER audit_heads_move_on BEFORE UPDATE ON audit_heads "
    "WHEN NEW.lane <> OLD.lane OR NEW.seq <> OLD.seq + 1 "
    "BEGIN SELECT RAISE(ABORT, 'the head of an audit lane moves one row at a time'); END",
)
_heads = sa.table("audit_heads", sa.column("lane"), sa.column("seq"), sa.column("hash", sa.LargeBinary))
_FIELDS = ("at", "action", "result", "actor", "account_id", "factor_id", "challenge_id", "network", "reason")
_audit = sa.table("audit", *map(sa.column, ("lane", "seq", *_FIELDS)), sa.column("hash", sa.LargeBinary))


def upgrade() -> None:
    """Create both tables, move the attempts in, then forbid changes."""
    _create_audit()
    _create_heads()
    _move_attempts()
    op.drop_table("attempts")
    for statement in _POSTGRESQL if _is_postgresql() else _SQLITE:
        op.execute(statement)


def downgrade() -> None:
    """Not offered: the audit would be lost."""
    raise NotImplementedError("the audit is append-only: restore a backup from before it instead")


def _is_postgresql() -> bool:
    return op.get_bind().dialect.name == "postgresql"


def _create_audit() -> None:
    op.create_table(
        "audit",
        sa.Column("lane", sa.SmallInteger, nullable=False, autoincrement=False),
        sa.Column("seq", sa.BigInteger, nullable=False, autoincrement=False),
        sa.Column("at", sa.Double, nullable=False),
        sa.Column("action", sa.String(64), nullable=False),
        sa.Column("result", sa.String(64), nullable=False),
        sa.Column("actor", sa.Text, nullable=False),
        sa.Column("account_id", sa.String(128)),
        sa.Column("factor_id", sa.String(32)),
        sa.Column("challenge_id", sa.String(128)),
        sa.Column("network", sa.Text),
        sa.Column("reason", sa.Text),
        sa.Column("hash", sa.LargeBinary(32), nullable=False),
        sa.PrimaryKeyConstraint("lane", "seq", name="pk_audit"),
    )
    op.create_index("ix_audit_account_id_at", "audit", ["account_id", "at"])
    op.create_index("ix_audit_at", "audit", ["at"])


def _create_heads() -> None:
    op.create_table(
        "audit_heads",
        sa.Column("lane", sa.SmallInteger, nullable=False, autoincrement=False),
        sa.Column("seq", sa.BigInteger, nullable=False),
        sa.Column("hash", sa.LargeBinary(32), nullable=False),
        sa.PrimaryKeyConstraint("lane", name="pk_audit_heads"),
    )


def _move_attempts() -> None:
    connection = op.get_bind()
    heads = {partition: Head(partition, 0, START) for partition in ALL_PARTITIONS}
    for batch in _attempts(connection):
        rows = []
        for entry in batch:
            row = linked(heads[partition_of(entry)], entry)
            heads[row.partition] = Head(row.partition, row.seq, row.hash)
            fields = {name: getattr(entry, name) for name in _FIELDS}
            rows.append({"lane": row.partition, "seq": row.seq, "hash": row.hash, **fields})
        connection.execute(_audit.insert(), rows)
    kept = [{"lane": head.partition, "seq": head.seq, "hash": head.hash} for head in heads.values()]
    connection.execute(_heads.insert(), kept)


def _attempts(connection: sa.Connection) -> Iterator[list[Entry]]:
    statement = sa.text(
        "SELECT at, result, account_id, factor_id, challenge_id FROM attempts ORDER BY at, id"
    )
    found = connection.execute(statement)
    while batch := found.fetchmany(_ROWS):
        yield [_entry(row._mapping) for row in batch]


def _entry(attempt: Any) -> Entry:
    action = "confirm" if attempt["challenge_id"] is None else "verify"
    return Entry(action=action, actor="wallet", **attempt)
