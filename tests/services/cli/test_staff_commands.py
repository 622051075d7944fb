"""`payguard admin staff` as an operator meets it."""

from __future__ import annotations

import asyncio
import json
import shutil
from base64 import b64encode
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from contracts.errors import Malformed
from services.audit import audit_log
from services.cli.main import app
from services.platform.database import Database
from services.staff.sessions import Seen
from services.staff.staff import Staff
from tests.services.api.world import Clock
from tests.services.desk.made import hired, staff_over


@pytest.fixture
def url(tmp_path: Path, migrated_file: Path) -> str:
    """A database in which `min`, an agent, is signed in twice."""
    shutil.copy(migrated_file, tmp_path / "test.db")
    made = f"sqlite:///{tmp_path / 'test.db'}"

    async def fill(staff: Staff) -> None:
        member = await hired(staff, "agent", "min")
        for browser in ("Firefox, Linux", "Safari, iPhone"):
            async with staff.database.begin() as connection:
                await staff.sessions.begin(connection, member, "password", Seen("203.0.113.9", browser))

    at(made, fill)
    return made


def at(url: str, work: Callable[[Staff], Awaitable[Any]]) -> Any:
    """What the work finds in the database, now."""
    import time

    async def done() -> Any:
        database = Database(url)
        try:
            clock = Clock(time.time())
            return await work(staff_over(database, clock))
        finally:
            await database.close()

    return asyncio.run(done())


def staff(url: str, *arguments: str) -> Result:
    environment = {
        "PAYGUARD_DATABASE": url,
        "PAYGUARD_FACTOR_KEY": b64encode(b"v" * 32).decode(),
        "PAYGUARD_DESK_URL": "https://desk.example",
        "COLUMNS": "200",
    }
    return CliRunner().invoke(app, ["admin", "staff", *arguments], prog_name="payguard", env=environment)


def found(url: str) -> dict[str, tuple[str, str]]:
    listed = json.loads(staff(url, "list", "--json").stdout)
    return {each["name"]: (each["role"], each["state"]) for each in listed}


def test_add_prints_the_link_of_the_first_sign_in_and_lists_the_member_as_invited(url: str) -> None:
    result = staff(url, "add", "Wang.Min", "--role", "admin", "--language", "zh-CN")

    assert (result.exit_code, result.stdout.startswith("https://desk.example/desk/first/")) == (0, True)
    assert found(url) == {"min": ("agent", "ready"), "wang.min": ("admin", "invited")}


@pytest.mark.parametrize(
    "arguments",
    [
        ("add", "min", "--role", "agent"),
        ("role", "nobody", "agent"),
        ("disable", "nobody"),
        ("enable", "nobody"),
        ("reset", "nobody"),
        ("end", "nothing"),
    ],
)
def test_what_cannot_be_done_is_said_in_one_line_and_changes_nothing(
    url: str, arguments: tuple[str, ...]
) -> None:
    result = staff(url, *arguments)

    assert (result.exit_code, result.stdout, len(result.stderr.splitlines())) == (1, "", 1)
    assert found(url) == {"min": ("agent", "ready")}


@pytest.mark.parametrize(
    "arguments",
    [("add", "a b", "--role", "agent"), ("add", "new", "--role", "boss"), ("role", "min", "boss")],
)
def test_a_name_or_role_that_cannot_be_is_refused(url: str, arguments: tuple[str, ...]) -> None:
    # The program's own main tells it in one line.
    assert isinstance(staff(url, *arguments).exception, Malformed)
    assert found(url) == {"min": ("agent", "ready")}


def test_role_gives_another_role(url: str) -> None:
    assert staff(url, "role", "min", "senior").stdout == "min is senior\n"
    assert found(url) == {"min": ("senior", "ready")}


def test_disable_ends_every_session_and_enable_lets_in_again(url: str) -> None:
    assert staff(url, "disable", "min").exit_code == 0
    assert staff(url, "sessions").stdout == "no open sessions\n"
    assert found(url) == {"min": ("agent", "disabled")}
    assert staff(url, "enable", "min").exit_code == 0
    assert found(url) == {"min": ("agent", "ready")}


def test_sessions_are_listed_and_ended_by_their_id(url: str) -> None:
    sessions = json.loads(staff(url, "sessions", "min", "--json").stdout)
    assert {each["browser"] for each in sessions} == {"Firefox, Linux", "Safari, iPhone"}
    assert staff(url, "end", sessions[0]["session_id"]).stdout == "the session is ended\n"

    assert len(json.loads(staff(url, "sessions", "--json").stdout)) == 1


def test_reset_takes_everything_away_and_prints_a_new_link(url: str) -> None:
    result = staff(url, "reset", "min")

    assert result.stdout.startswith("https://desk.example/desk/first/")
    assert (found(url), staff(url, "sessions").stdout) == (
        {"min": ("agent", "invited")},
        "no open sessions\n",
    )


def test_every_command_that_changes_something_is_in_the_audit_by_who_ran_it(url: str) -> None:
    for arguments in (
        ("add", "new", "--role", "agent"),
        ("role", "new", "senior"),
        ("reset", "new"),
        ("disable", "new"),
        ("enable", "new"),
    ):
        assert staff(url, *arguments).exit_code == 0
    rows = at(url, lambda staff: audit_log.rows(staff.database))
    told = {
        (row.entry.action, row.entry.actor.partition(":")[0]) for row in rows if "new" in row.entry.reason
    }

    assert told == {(f"staff_{what}", "cli") for what in ("added", "role", "reset", "disabled", "enabled")}
