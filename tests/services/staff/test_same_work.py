"""A refused sign-in costs the same work whatever was wrong: as many hashes, and the same statements."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import event

from services.mfa.totp import code_of, step_at
from services.mfa.vault import Vault
from services.platform.database import Database
from services.platform.keyring import Keyring
from services.staff.members import made
from services.staff.passwords import Passwords
from services.staff.sessions import Seen
from services.staff.sign_in import Refused
from services.staff.staff import Staff, open_staff
from tests.services.api.world import Clock
from tests.services.cases.databases import database, database_url  # noqa: F401  found here by the tests
from tests.services.desk.made import CHEAP, PASSWORD, SECRET, hired


class Counting(Passwords):
    """Counts comparisons with a hash."""

    compared = 0

    def _compare(self, kept: str | None, password: str) -> bool:
        self.compared += 1
        return super()._compare(kept, password)


@contextmanager
def statements(of: Database) -> Iterator[list[str]]:
    """What is asked of the database meanwhile, without its values."""
    found: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        found.append(statement)

    event.listen(of.engine.sync_engine, "before_cursor_execute", note)
    try:
        yield found
    finally:
        event.remove(of.engine.sync_engine, "before_cursor_execute", note)


async def people(staff: Staff) -> None:
    """One who can sign in, one who is suspended, and one who has not signed in first."""
    await hired(staff, "agent", "min")
    await hired(staff, "agent", "gone")
    await staff.disable("gone", "cli:test")
    await staff.add(made("new", "agent"), "cli:test")


async def test_a_refusal_compares_one_hash_and_asks_the_database_the_same_whoever_it_is(
    database: Database,  # noqa: F811
) -> None:
    clock, passwords = Clock(), Counting(CHEAP)
    keys = Keyring({1: b"v" * 32}, 1)
    vault = Vault({1: b"v" * 32}, 1)
    staff = open_staff(database, keys, vault, clock, passwords=passwords, refused_after_s=0.0)
    await people(staff)
    right = code_of(SECRET, step_at(clock()))
    tried = {
        "wrong password": ("min", "not the password", right),
        "wrong code": ("min", PASSWORD, "000000"),
        "suspended": ("gone", PASSWORD, right),
        "not signed in first": ("new", PASSWORD, right),
        "nobody": ("nobody", PASSWORD, right),
        "no name": ("a b", PASSWORD, right),
    }
    work, left = {}, {}
    for what, typed in tried.items():
        before = passwords.compared
        with statements(database) as asked:
            try:
                await staff.sign_in.enter(*typed, Seen("203.0.113.9"))
            except Refused as refused:
                left[what] = refused.left
        work[what] = passwords.compared - before, tuple(asked)

    assert {what: hashes for what, (hashes, _) in work.items()} == dict.fromkeys(tried, 1)
    assert len({asked for _, asked in work.values()}) == 1, {
        what: len(asked) for what, (_, asked) in work.items()
    }
    assert left == {**dict.fromkeys(tried, 4), "wrong code": 3}
