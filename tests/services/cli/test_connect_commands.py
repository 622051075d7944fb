"""`payguard connect` as an operator meets it: a help desk is connected, asked, listed and left, and what is wrong is said."""

from __future__ import annotations

import asyncio
import json
import os
import re
import shutil
import threading
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, update
from typer.testing import CliRunner, Result

from services.audit.tables import audit
from services.cases.ticket_tables import connections, tickets
from services.cli.main import app
from services.platform.database import Database
from services.platform.embedded import free_port
from tests.services.cases.databases import migrated_file  # noqa: F401  found here by the tests
from tests.services.connect.stand_ins import (
    TOKEN,
    ChatwootStandIn,
    OwnStandIn,
    StandIn,
    ZammadStandIn,
    serving,
)
from tests.services.connect.told import World


class Operator:
    """Somebody at the command line, with a database and files of their own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.url = f"sqlite:///{folder / 'desks.db'}"
        self.token = self.file("token", TOKEN)
        self.secret = self.file("secret", "5ecret")

    def file(self, name: str, text: str) -> str:
        path = self.folder / name
        path.write_text(f"{text}\n")
        return str(path)

    def run(self, *arguments: str, private: bool = True, **environment: str) -> Result:
        known = {
            "PAYGUARD_DATABASE": self.url,
            "PAYGUARD_EVENT_KEY": b64encode(b"e" * 32).decode(),
            "PAYGUARD_PORTAL_URL": "https://pay.example",
            "PAYGUARD_WEBHOOK_PRIVATE_NETWORKS": str(private).lower(),
            "COLUMNS": "200",
        }
        return CliRunner().invoke(app, ["connect", *arguments], prog_name="payguard", env=known | environment)

    def zammad(self, url: str, *more: str, token: str | None = None) -> Result:
        given = ("--url", url, "--customer", "payguard@example.com", "--token-file", token or self.token)
        return self.run("zammad", *given, *more)

    def listed(self) -> list[Any]:
        found: list[Any] = json.loads(self.run("list", "--json").stdout)
        return found

    def sql(self, statement: Any) -> list[Any]:
        async def done() -> list[Any]:
            database = Database(self.url)
            try:
                async with database.begin() as connection:
                    rows = await connection.execute(statement)
                    return list(rows) if rows.returns_rows else []
            finally:
                await database.close()

        return asyncio.run(done())


@pytest.fixture
def operator(tmp_path: Path, migrated_file: Path) -> Operator:  # noqa: F811
    shutil.copy(migrated_file, tmp_path / "desks.db")
    return Operator(tmp_path)


@contextmanager
def up(desk: StandIn) -> Iterator[StandIn]:
    """The help desk beside the command line, which has a loop of its own."""
    ready, over = threading.Event(), threading.Event()

    async def serve() -> None:
        async with serving(desk):
            ready.set()
            await asyncio.to_thread(over.wait)

    beside = threading.Thread(target=lambda: asyncio.run(serve()))
    beside.start()
    assert ready.wait(60)
    try:
        yield desk
    finally:
        over.set()
        beside.join(60)


def test_help_names_every_command_and_what_zammad_needs(operator: Operator) -> None:
    said = operator.run("--help").stdout
    of_zammad = re.sub(r"\x1b\[[0-9;]*m", "", operator.run("zammad", "--help").stdout)

    assert [
        each
        for each in ("zammad", "chatwoot", "webhook", "list", "test", "retry", "remove")
        if each not in said
    ] == []
    assert "ticket.agent" in of_zammad
    assert "--customer" in of_zammad


def test_a_help_desk_is_connected_tested_and_listed(operator: Operator) -> None:
    with up(ZammadStandIn()) as desk:
        made = operator.zammad(desk.url)
        asked = operator.run("test", "zammad")

    (listed,) = operator.listed()
    assert (made.exit_code, asked.exit_code) == (0, 0), made.output + asked.output
    assert "its webhook: https://pay.example/v1/connect/zammad" in made.stdout
    assert asked.stdout.strip() == "zammad lets us in as payguard"
    assert (listed["name"], listed["kind"], listed["masked"], listed["tickets"]) == (
        "zammad",
        "zammad",
        True,
        {},
    )
    assert listed["failing_since"] is None


def test_the_secret_of_a_webhook_is_shown_once_and_the_token_never(operator: Operator) -> None:
    made = operator.zammad("https://help.example")
    again = operator.run("list")

    (secret,) = re.findall(r"shown this once: (\S+)", made.stdout)
    assert len(secret) == 64
    assert secret not in again.stdout
    assert TOKEN not in made.stdout + again.stdout
    (row,) = operator.sql(select(connections.c.secret))
    assert TOKEN.encode() not in row.secret


@pytest.mark.parametrize(("desk", "kind"), [(ChatwootStandIn(), "chatwoot"), (OwnStandIn(), "webhook")])
def test_a_test_message_reaches_every_kind(operator: Operator, desk: StandIn, kind: str) -> None:
    given = {
        "chatwoot": ("--account", "1", "--inbox", "7", "--token-file", operator.token, "--secret-file", operator.secret),
        "webhook": (),
    }[kind]  # fmt: skip
    with up(desk):
        operator.run(kind, "--url", desk.url + ("/payguard" if kind == "webhook" else ""), *given)
        asked = operator.run("test", kind, "--json")

    assert json.loads(asked.stdout)["lets_us_in"] is True
    assert desk.seen == [("GET /api/v1/accounts/1/inboxes/7" if kind == "chatwoot" else "POST /payguard")]


def test_a_wrong_token_is_said_with_exit_code_1(operator: Operator) -> None:
    with up(ZammadStandIn()) as desk:
        operator.zammad(desk.url, token=operator.file("wrong", "n0t-it"))
        asked = operator.run("test", "zammad")

    assert (asked.exit_code, asked.stdout.strip()) == (
        1,
        "zammad does not let us in: it refuses the token, or the token's user may not do this (not_allowed)",
    )


def test_a_help_desk_that_nobody_answers_for_is_said_with_exit_code_1(operator: Operator) -> None:
    operator.zammad(f"http://127.0.0.1:{free_port()}")
    asked = operator.run("test", "zammad")

    assert asked.exit_code == 1
    assert "zammad does not let us in: nobody answers at http://127.0.0.1:" in asked.stdout


def test_an_address_within_the_own_network_needs_the_setting_that_allows_it(operator: Operator) -> None:
    refused = operator.run("webhook", "--url", "http://127.0.0.1:9/payguard", private=False)

    assert refused.exit_code != 0
    assert operator.listed() == []


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--language", "de"), "Invalid enum value 'de'"),
        (("--on-close", "delete"), "Invalid enum value 'delete'"),
        (("--kind", "party"), "Invalid enum value 'party'"),
    ],
)
def test_what_is_no_option_is_a_usage_error_and_connects_nothing(
    operator: Operator, arguments: tuple[str, ...], said: str
) -> None:
    refused = operator.zammad("https://help.example", *arguments)

    assert refused.exit_code == 2
    assert said in refused.output
    assert operator.listed() == []


@pytest.mark.parametrize("text", ["", "two words", "pass\u00e9"])
def test_a_file_without_a_token_is_a_usage_error(operator: Operator, text: str) -> None:
    refused = operator.zammad("https://help.example", token=operator.file("bad", text))

    assert refused.exit_code == 2
    assert "holds no secret: it is one line of printable ASCII" in refused.output.replace("\n", " ")


def test_a_name_is_given_once_and_free_again_after_it_was_removed(operator: Operator) -> None:
    first, second = (operator.zammad("https://help.example") for _ in range(2))
    gone = operator.run("remove", "zammad")
    third = operator.zammad("https://help.example")

    assert [each.exit_code == 0 for each in (first, second, gone, third)] == [True, False, True, True]
    assert str(second.exception) == "another connection has this name; remove it first"
    actions = [row.action for row in operator.sql(select(audit.c.action).order_by(audit.c.at, audit.c.seq))]
    assert actions == ["connection_made", "connection_removed", "connection_made"]


@pytest.mark.parametrize("command", ["remove", "retry", "test"])
def test_a_name_that_nobody_gave_is_said_with_exit_code_1(operator: Operator, command: str) -> None:
    done = operator.run(command, "nobody")

    assert done.exit_code == 1
    assert "no help desk is connected as nobody" in done.output


def test_tickets_that_were_given_up_are_counted_and_tried_again(operator: Operator) -> None:
    async def filled() -> None:
        database = Database(operator.url)
        world = World(database, ZammadStandIn())
        world.desk.url = "https://help.example"
        await world.connect("zammad")
        case_id = await world.case()
        row = {"connection": "desk", "case_id": case_id, "state": "failed", "next_at": 0.0, "told": 0}
        async with database.begin() as connection:
            await connection.execute(tickets.insert().values(row))
        await database.close()

    asyncio.run(filled())
    listed = operator.run("list").stdout
    tried = operator.run("retry", "desk")

    assert "desk: zammad https://help.example, 1 failed" in listed
    assert (tried.exit_code, tried.stdout.strip()) == (0, "1 tickets are tried again")
    assert operator.listed()[0]["tickets"] == {"waiting": 1}


def test_one_that_takes_nothing_is_listed_with_since_when_and_why(operator: Operator) -> None:
    operator.zammad("https://help.example")
    operator.sql(update(connections).values(failing_since=1_790_000_000.0, last_error="not_allowed"))

    said = operator.run("list").stdout
    assert "takes nothing since 2026-09-21T14:13:20+00:00: not_allowed" in said


def test_without_any_connection_list_says_so(operator: Operator) -> None:
    assert operator.run("list").stdout.strip() == "no help desk is connected"


def test_without_the_key_of_its_secrets_nothing_is_asked(operator: Operator) -> None:
    operator.zammad("https://help.example")
    asked = operator.run("test", "zammad", PAYGUARD_EVENT_KEY=b64encode(os.urandom(32)).decode())

    assert asked.exit_code == 1
    assert "its secrets do not open" in asked.stdout
