"""Other help desks in use while whoever tells them, and whoever takes their webhooks, is killed: each ticket is there once, and
each note on both sides, in order."""

from __future__ import annotations

import asyncio
import time
from contextlib import AsyncExitStack
from pathlib import Path
from random import Random
from typing import Any
from uuid import uuid4

import pytest
from msgspec.structs import replace
from sqlalchemy import func, select

from benchmarks.parts.real_parts import PostgresServer
from services.cases.tables import case_entries
from services.cases.ticket_tables import tickets
from services.connect.connections import Connections, Secrets, connection_vault
from services.connect.texts import mark_of
from services.events.own_events import event_keys
from services.platform.database import Database
from tests.chaos.conftest import empty_store
from tests.chaos.offices import OFFICES, Office
from tests.chaos.stack import Stack, stack_settings
from tests.e2e.test_stopped_and_released import api_of
from tests.services.connect.stand_ins import TOKEN, serving
from tests.services.connect.told import OPTIONS, SIGNING, World

pytestmark = [pytest.mark.real, pytest.mark.chaos, pytest.mark.timeout(900)]

CASES, NOTES = 60, 3
#: Of the requests that write at each help desk, in the order in which they come: what befalls them.
FATES = (
    {6: "fails_after", 13: "dies_after", 40: "fails"},
    {9: "fails", 25: "dies_after", 70: "fails_after"},
    {11: "fails_after", 30: "dies"},
)
#: The webhook of each help desk during which the API is killed.
ENDANGERED = (15, 60, 110)
KILLS = 6
#: A ticket in the hands of whoever was killed waits for the end of its lease, a minute; and its next try.
SETTLED_WITHIN_S = 300.0


class Books:
    """What is there on both sides."""

    def __init__(self, stack: Stack, database: Database) -> None:
        self.stack, self.database = stack, database
        self.world = World(database, OFFICES[0][1]())
        self.world.now = time.time()
        self.offices: list[Office] = []
        self.floors: dict[str, int] = {}
        self.kills = 0

    async def lived_through(self) -> None:
        async with AsyncExitStack() as open_parts:
            client = await open_parts.enter_async_context(api_of(self.stack))
            for (office, desk), fates, endangered in zip(OFFICES, FATES, ENDANGERED, strict=True):
                stand_in = desk()
                stand_in.fates = [fates.get(number, "served") for number in range(max(fates) + 1)]
                stand_in.kill = self.kill_cases
                await open_parts.enter_async_context(serving(stand_in))
                made = office(client, endangered, self.kill_api)
                made.desk = stand_in
                self.offices.append(made)
                await self.connect(made)
            self.stack.start_cases()
            working = [asyncio.create_task(each.run()) for each in self.offices]
            try:
                async with asyncio.timeout(SETTLED_WITHIN_S), asyncio.TaskGroup() as tasks:
                    for number in range(CASES):
                        tasks.create_task(self.work(number))
                await self.settled(working)
            finally:
                for each in working:
                    each.cancel()
                await asyncio.gather(*working, return_exceptions=True)

    async def connect(self, office: Office) -> None:
        vault = connection_vault(event_keys(self.stack.settings))
        kind: Any = office.kind
        url = office.desk.url + ("/payguard" if kind == "webhook" else "")
        secret = Secrets(token=TOKEN, signing=SIGNING[kind])
        there = Connections(self.database, vault, time.time, allow_private=True)
        await there.create(kind, kind, url, OPTIONS[kind], secret, "cli:test")

    def kill_cases(self) -> None:
        assert self.stack.cases is not None
        self.stack.cases.kill9()
        self.stack.revive()
        self.kills += 1

    def kill_api(self) -> None:
        assert self.stack.api is not None
        self.stack.api.kill9()
        self.stack.revive()
        self.kills += 1

    async def work(self, number: int) -> None:
        """A case is opened; once its tickets are there it is noted in some more, and closed."""
        rng = Random(number)
        await asyncio.sleep(number * 0.1)
        case_id = await self.world.case(case_id=uuid4().hex)
        while not all(each.ticket_of(case_id) for each in self.offices):  # noqa: ASYNC110  processes make them
            await asyncio.sleep(0.5)
        newest = select(func.max(case_entries.c.sequence)).where(case_entries.c.case_id == case_id)
        async with self.database.read() as connection:
            self.floors[case_id] = int(await connection.scalar(newest) or 0)
        for each in range(NOTES):
            await self.world.note(case_id, "message", f"note {each}")
            await asyncio.sleep(rng.uniform(0.1, 1.0))
        await self.world.note(case_id, "resolved")

    async def settled(self, working: list[asyncio.Task[None]]) -> None:
        last_look = time.monotonic() + SETTLED_WITHIN_S
        while await self.moves():
            assert time.monotonic() < last_look, "something is under way still"
            for each in working:
                assert not each.done(), each.exception()
            await asyncio.sleep(0.5)

    async def moves(self) -> bool:
        """Whether a help desk has something to hear, or to say."""
        if not all(each.idle for each in self.offices):
            return True
        newest = select(case_entries.c.case_id, func.max(case_entries.c.sequence)).group_by(
            case_entries.c.case_id
        )
        async with self.database.read() as connection:
            last = {row[0]: row[1] for row in await connection.execute(newest)}
            there = (await connection.execute(select(tickets))).all()
        return len(there) < CASES * len(OFFICES) or any(
            row.state == "waiting" or row.told < last[row.case_id] for row in there
        )

    async def history(self) -> dict[str, list[Any]]:
        """The entries of each case, in order."""
        async with self.database.read() as connection:
            rows = await connection.execute(select(case_entries).order_by(case_entries.c.sequence))
            found: dict[str, list[Any]] = {}
            for row in rows:
                found.setdefault(row.case_id, []).append(row)
        return found


async def test_a_help_desk_has_each_ticket_and_each_note_once_and_in_order_whoever_is_killed(
    real_kafka: str, real_redis: str, real_postgres_server: PostgresServer, tmp_path: Path
) -> None:
    url = real_postgres_server.new_database(f"desks_{uuid4().hex[:8]}")
    settings = stack_settings(real_kafka, await empty_store(real_redis), url, tmp_path)
    stack, database = Stack(replace(settings, webhook_private_networks=True), tmp_path), Database(url)
    books = Books(stack, database)
    try:
        await stack.prepare()
        await books.lived_through()
        history = await books.history()
    finally:
        stack.stop()
        await database.close()
        print(stack.logs())
    noted = sum(len(each.written()) for each in books.offices)
    print(
        f"{len(history)} cases, {noted} notes there, {sum(map(len, history.values()))} here, {books.kills} kills"
    )

    assert books.kills == KILLS
    assert len(history) == CASES
    for case_id, entries in history.items():
        for office in books.offices:
            (ticket,) = office.ticket_of(case_id)
            others = [row for row in entries if row.actor != f"connect:{office.kind}"]
            behind = [mark_of(case_id, row.sequence) for row in others]
            first, *notes = office.marks(ticket)
            assert first == mark_of(case_id, 0)
            assert notes == behind[len(behind) - len(notes) :], (office.kind, ticket)
            assert len(notes) >= sum(row.sequence > books.floors[case_id] for row in others)
            own = [row.note for row in entries if row.actor == f"connect:{office.kind}"]
            assert own == [f"Emma Taylor: {text}" for text in office.said[ticket]]
            assert len(own) == 2
            assert office.closed(ticket)
