"""Accounts can be erased: the audit lets its words be taken out and nothing else be changed."""

from __future__ import annotations

from alembic import op

revision = "0024_erasure"
down_revision = "0023_owner_confirms"
branch_labels = None
depends_on = None

_FIXED = (
    "lane", "seq", "at", "action", "result", "actor", "account_id", "factor_id", "challenge_id", "hash",
)  # fmt: skip
_POSTGRESQL = (
    f"""
    CREATE FUNCTION payguard_words_go() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      IF NEW.network IS NOT NULL OR NEW.reason IS NOT NULL OR {
        " OR ".join(f"NEW.{name} IS DISTINCT FROM OLD.{name}" for name in _FIXED)
    } THEN
        RAISE EXCEPTION 'the audit is append-only';
      END IF;
      RETURN NEW;
    END $$
    """,
    "DROP TRIGGER audit_append_only ON audit",
    "CREATE TRIGGER audit_append_only BEFORE DELETE OR TRUNCATE ON audit "
    "FOR EACH STATEMENT EXECUTE FUNCTION payguard_append_only()",
    "CREATE TRIGGER audit_words_go BEFORE UPDATE ON audit FOR EACH ROW EXECUTE FUNCTION payguard_words_go()",
)
_REFUSE = "BEGIN SELECT RAISE(ABORT, 'the audit is append-only'); END"
_SQLITE = (
    "DROP TRIGGER audit_no_update",
    "CREATE TRIGGER audit_no_update BEFORE UPDATE ON audit WHEN NEW.network IS NOT NULL OR NEW.reason IS NOT NULL OR "
    + " OR ".join(f"NEW.{name} IS NOT OLD.{name}" for name in _FIXED)
    + f" {_REFUSE}",
)
_POSTGRESQL_BACK = (
    "DROP TRIGGER audit_words_go ON audit",
    "DROP FUNCTION payguard_words_go()",
    "DROP TRIGGER audit_append_only ON audit",
    "CREATE TRIGGER audit_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit "
    "FOR EACH STATEMENT EXECUTE FUNCTION payguard_append_only()",
)
_SQLITE_BACK = (
    "DROP TRIGGER audit_no_update",
    f"CREATE TRIGGER audit_no_update BEFORE UPDATE ON audit {_REFUSE}",
)
_INDEXES = (("outbox", "key"), ("cases", "account_id"), ("portal_visits", "account_id"))


def upgrade() -> None:
    """Another trigger, and indexes."""
    for statement in _POSTGRESQL if _is_postgresql() else _SQLITE:
        op.execute(statement)
    for table, column in _INDEXES:
        op.create_index(f"ix_{table}_{column}", table, [column])


def downgrade() -> None:
    """The trigger of before; what was erased stays erased."""
    for table, column in _INDEXES:
        op.drop_index(f"ix_{table}_{column}", table)
    for statement in _POSTGRESQL_BACK if _is_postgresql() else _SQLITE_BACK:
        op.execute(statement)


def _is_postgresql() -> bool:
    return op.get_bind().dialect.name == "postgresql"
