"""Agents at work while the API and whatever carries their acts out are killed: each act is done once, or taken back."""

from __future__ import annotations

import asyncio
import contextlib
import re
import time
from collections import Counter
from functools import partial
from pathlib import Path
from random import Random
from typing import Any
from uuid import uuid4

import httpx
import pytest
from aiokafka import AIOKafkaProducer
from msgspec.structs import replace
from sqlalchemy import select

from benchmarks.parts.real_parts import PostgresServer
from contracts.decisions import effect_id
from contracts.topics import HEADER_EFFECTS
from services.bootstrap.desk import staff_of
from services.cases.acts.tables import desk_acts
from services.cases.tables import case_entries, cases, outbox
from services.platform.database import Database
from services.staff.members import made
from services.staff.sessions import Seen
from services.wallet.actions import read_action
from tests.chaos.conftest import empty_store
from tests.chaos.evidence import read_topic
from tests.chaos.stack import Stack, stack_settings
from tests.chaos.test_holds import Work, spread
from tests.e2e.test_stopped_and_released import _KEY, api_of
from tests.services.cases.decided import alert, hold, open_case, recorded

pytestmark = [pytest.mark.real, pytest.mark.chaos, pytest.mark.timeout(3600)]

ACCOUNTS, KILLS = 40, 5
LONG_ACCOUNTS, LONG_KILLS = 2_000, 60
SHORTEST_S, LONGEST_S = 3.0, 6.0
SETTLED_WITHIN_S = 180.0
#: What each of five cases in turn is given, the line of history that says so, and what the wallet hears; one is taken back.
PLANS = (
    ("cancel", "payment", "cancel_payment"),
    ("fraud", "resolved", "cancel_payment"),
    ("let_go", "payment", "release_payment"),
    ("freeze", "freeze", "freeze"),
    ("legitimate", "", ""),
)


class Agent:
    """Somebody at the desk who presses again while it is away: the same form is the same act."""

    def __init__(self, client: httpx.AsyncClient, cookie: str) -> None:
        self._client = client
        self._headers = {"cookie": f"payguard-desk={cookie}"}

    async def ask(self, method: str, path: str, **fields: str) -> httpx.Response:
        while True:
            with contextlib.suppress(httpx.TransportError):
                answer = await self._client.request(method, path, headers=self._headers, data=fields or None)
                if answer.status_code < 500:
                    return answer
            await asyncio.sleep(0.2)

    async def act(self, case_id: str, name: str) -> str:
        """Do the act as its page has it; the act's id."""
        path = f"/desk/cases/{case_id}/acts/{name}"
        page = (await self.ask("GET", path)).text
        fields = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', page))
        wanted = {key: fields[key] for key in ("csrf", "act_id", "version")}
        answer = await self.ask("POST", path, **wanted)
        assert answer.status_code == 303, (name, answer.status_code)
        return str(wanted["act_id"])

    async def undo(self, act_id: str) -> None:
        page = (await self.ask("GET", "/desk/me")).text
        found = re.search(r'name="csrf" value="([0-9a-f]+)"', page)
        assert found is not None
        await self.ask("POST", f"/desk/acts/{act_id}/undo", csrf=found[1])


class Desk:
    """The stack, two agents, and whoever decides."""

    def __init__(self, stack: Stack, database: Database, accounts: int) -> None:
        self.stack, self.database = stack, database
        self.accounts = [f"account-{number}" for number in range(accounts)]
        self.producer = AIOKafkaProducer(bootstrap_servers=stack.settings.kafka, acks="all")
        self.asked: dict[str, str] = {}
        self.kills = 0

    def plan(self, account: str) -> tuple[str, str, str]:
        return PLANS[self.accounts.index(account) % len(PLANS)]

    async def lived_through(self, kills: int) -> None:
        self.stack.start_cases()
        await self.producer.start()
        try:
            async with api_of(self.stack) as client:
                agents = [Agent(client, await self.signed_in(name)) for name in ("mei", "bo")]
                works: list[Work] = [
                    partial(self.work, account, agents[number % 2])
                    for number, account in enumerate(self.accounts)
                ]
                async with asyncio.TaskGroup() as tasks:
                    tasks.create_task(self.kill(kills))
                    await spread(works)
                await self.settled()
        finally:
            await self.producer.stop()

    async def signed_in(self, name: str) -> str:
        """The cookie of a new agent's session."""
        settings = replace(self.stack.settings, factor_key=f"1:{_KEY}")
        staff = staff_of(settings, self.database, time.time)
        member = made(name, "agent", locale="en", time_zone="Asia/Shanghai")
        await staff.add_ready(member, "cli:test", "seven green lamps at noon", "JBSWY3DPEHPK3PXP")
        async with self.database.begin() as connection:
            return await staff.sessions.begin(
                connection, member, "password", Seen("127.0.0.1", "Firefox, Linux")
            )

    async def work(self, account: str, agent: Agent) -> None:
        """A case is opened, and its agent does to it what the plan says."""
        record = recorded(
            "e",
            account,
            (alert("e", account_id=account), open_case("e", account_id=account), hold("e", account)),
            at=time.time(),
        )
        await self.producer.send_and_wait(
            self.stack.settings.topic_decisions,
            record.body,
            key=account.encode(),
            headers=[(HEADER_EFFECTS, b"1")],
        )
        case_id = effect_id(account, "e", "open_case")
        await self.until(case_id)
        name, _, _ = self.plan(account)
        self.asked[account] = await agent.act(case_id, name)
        if name == "legitimate":
            await agent.undo(self.asked[account])

    async def until(self, case_id: str) -> None:
        async with asyncio.timeout(SETTLED_WITHIN_S):
            while True:
                async with self.database.read() as connection:
                    if await connection.scalar(select(cases.c.version).where(cases.c.case_id == case_id)):
                        return
                await asyncio.sleep(0.2)

    async def kill(self, wanted: int) -> None:
        rng = Random(20_261)
        while self.kills < wanted:
            await asyncio.sleep(rng.uniform(SHORTEST_S, LONGEST_S))
            process = rng.choice([self.stack.cases, self.stack.api])
            assert process is not None
            process.kill9()
            self.stack.revive()
            self.kills += 1

    async def settled(self) -> None:
        last_look = time.monotonic() + SETTLED_WITHIN_S
        while await self.moves():
            assert time.monotonic() < last_look, "something is under way still"
            await asyncio.sleep(0.5)

    async def moves(self) -> bool:
        """Whether an act waits, or something is on its way to the wallet."""
        acts, told = await self.rows(desk_acts), await self.rows(outbox)
        return any(row["outcome"] is None for row in acts) or any(row["sent_at"] is None for row in told)

    async def rows(self, table: Any) -> list[Any]:
        async with self.database.read() as connection:
            return list((await connection.execute(select(table))).mappings())


async def test_every_act_of_an_agent_is_done_once_or_taken_back_whoever_is_killed(
    real_kafka: str, real_redis: str, real_postgres_server: PostgresServer, tmp_path: Path, long: bool
) -> None:
    url = real_postgres_server.new_database(f"acts_{uuid4().hex[:8]}")
    settings = stack_settings(real_kafka, await empty_store(real_redis), url, tmp_path)
    stack, database = Stack(settings, tmp_path), Database(url)
    desk = Desk(stack, database, LONG_ACCOUNTS if long else ACCOUNTS)
    try:
        await stack.prepare()
        await desk.lived_through(LONG_KILLS if long else KILLS)
        acts = {row["act_id"]: row for row in await desk.rows(desk_acts)}
        entries = Counter((row["case_id"], row["kind"]) for row in await desk.rows(case_entries))
        told: Counter[tuple[str, str]] = Counter()
        seen = set[str]()
        async for record in read_topic(settings, settings.topic_actions):
            action = read_action(record.value or b"")
            if action.action_id not in seen:
                seen.add(action.action_id)
                told[action.account_id, action.kind] += 1
    finally:
        stack.stop()
        await database.close()
        print(stack.logs())
    print(f"{len(acts)} acts, {Counter(row['outcome'] for row in acts.values())}, {desk.kills} kills")

    assert set(acts) == set(desk.asked.values())
    for account in desk.accounts:
        name, line, wanted = desk.plan(account)
        outcome, case_id = acts[desk.asked[account]]["outcome"], effect_id(account, "e", "open_case")
        assert outcome in (("undone", "done") if name == "legitimate" else ("done",)), (
            account,
            name,
            outcome,
        )
        if name != "legitimate":
            assert entries[case_id, line] == 1
            assert told[account, wanted] == 1
        elif outcome == "undone":
            assert entries[case_id, "resolved"] == 0
            assert not [each for each in told if each[0] == account]
