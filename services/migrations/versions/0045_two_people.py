"""What one person asks for and another allows: the database also holds who asked, and what was decided, to what they were."""

from __future__ import annotations

from alembic import op

revision = "0045_two_people"
down_revision = "0044_asked_again"
branch_labels = None
depends_on = None

#: Whoever asked may take it back, under their name with a mark; neither name allows it.
_SAME = (
    "NEW.decision = 'approved' AND (NEW.decided_by IS NULL"
    " OR lower(trim(NEW.decided_by)) = lower(trim(NEW.asked_by))"
    " OR NEW.decided_by = substr(NEW.asked_by, 1, 117) || ' (taken back)')"
)
_MOVED = (
    "OLD.decision IS NOT NULL OR NEW.approval_id <> OLD.approval_id OR NEW.asked_by <> OLD.asked_by"
    " OR NEW.act <> OLD.act OR NEW.subject <> OLD.subject OR NEW.account_id <> OLD.account_id"
)
_NO_SECOND = "whoever asked for it may not allow it: a second person must"
_STAYS = "what was asked for, by whom, and what was decided stays as it is"
_POSTGRESQL = (
    f"""
    CREATE FUNCTION payguard_two_people() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      IF {_SAME} THEN
        RAISE EXCEPTION '{_NO_SECOND}' USING ERRCODE = 'check_violation';
      END IF;
      RETURN NEW;
    END $$
    """,
    f"""
    CREATE FUNCTION payguard_asked_stays() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      IF {_MOVED} THEN
        RAISE EXCEPTION '{_STAYS}' USING ERRCODE = 'check_violation';
      END IF;
      RETURN NEW;
    END $$
    """,
    "CREATE TRIGGER approvals_two_people BEFORE INSERT OR UPDATE ON approvals "
    "FOR EACH ROW EXECUTE FUNCTION payguard_two_people()",
    "CREATE TRIGGER approvals_asked_stays BEFORE UPDATE ON approvals "
    "FOR EACH ROW EXECUTE FUNCTION payguard_asked_stays()",
)
_POSTGRESQL_BACK = (
    "DROP TRIGGER approvals_asked_stays ON approvals",
    "DROP TRIGGER approvals_two_people ON approvals",
    "DROP FUNCTION payguard_asked_stays()",
    "DROP FUNCTION payguard_two_people()",
)
_SQLITE = (
    f"CREATE TRIGGER approvals_two_people BEFORE INSERT ON approvals WHEN {_SAME} "
    f"BEGIN SELECT RAISE(ABORT, '{_NO_SECOND}'); END",
    f"CREATE TRIGGER approvals_two_people_later BEFORE UPDATE ON approvals WHEN {_SAME} "
    f"BEGIN SELECT RAISE(ABORT, '{_NO_SECOND}'); END",
    f"CREATE TRIGGER approvals_asked_stays BEFORE UPDATE ON approvals WHEN {_MOVED} "
    f"BEGIN SELECT RAISE(ABORT, '{_STAYS}'); END",
)
_SQLITE_BACK = (
    "DROP TRIGGER approvals_asked_stays",
    "DROP TRIGGER approvals_two_people_later",
    "DROP TRIGGER approvals_two_people",
)


def upgrade() -> None:
    """Rows that are there stay."""
    _run(_POSTGRESQL, _SQLITE)


def downgrade() -> None:
    """The check that two names differ stays, which an earlier migration made."""
    _run(_POSTGRESQL_BACK, _SQLITE_BACK)


def _run(on_postgresql: tuple[str, ...], on_sqlite: tuple[str, ...]) -> None:
    statements = on_postgresql if op.get_bind().dialect.name == "postgresql" else on_sqlite
    for statement in statements:
        op.execute(statement)
