"""Thousands of incidents while notifier and API are killed at random: one message id an incident and channel, and none lost."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from itertools import count
from pathlib import Path
from random import Random
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import httpx
import pytest
from sqlalchemy import Row, func, select, update

from benchmarks.parts.real_parts import PostgresServer
from services.cases.answer_tables import answer_links
from services.cases.message_ends import REACHED
from services.cases.message_tables import OPEN, TAKEN, inbox, messages
from services.cases.tables import notices, outbox
from services.platform.database import Database
from services.platform.retry import Backoff
from services.wallet.actions import read_action
from tests.chaos.conftest import empty_store
from tests.chaos.incidents import EVERYWHERE, OUTSIDE, make_reachable, notice_of, raise_incidents
from tests.chaos.patient import PATIENCE_S, Patient
from tests.chaos.polling import until
from tests.chaos.providers import Providers
from tests.chaos.stack import Stack, stack_settings
from tests.e2e.test_stopped_and_released import api_of, keys_of
from tests.services.portal.reading import read

pytestmark = [pytest.mark.real, pytest.mark.chaos, pytest.mark.timeout(3600)]

INCIDENTS, KILLS, RAISED_S = 300, 6, 20.0
LONG_INCIDENTS, LONG_KILLS, LONG_RAISED_S = 10_000, 100, 600.0
EVERY_S = 0.25
#: A process is killed after up to so much work (messages that came, requests answered), or when it has done none for so long.
MOST_WORK, IDLE_S = {"notifier": 60, "api": 60}, 120.0
#: Of thousands, so that kills come all through the run: an API that lives for 60 requests is hardly ever there.
LONG_MOST_WORK = {"notifier": 400, "api": 1_500}
SAY_EVERY_S = 30.0
#: Of the owners, every third looks into the app, and of these every fourth says "no".
LOOKS_EVERY, ANSWERS_EVERY = 3, 4
#: Thousands who look again every few seconds would be all that the API does.
LOOK_AGAIN, LONG_LOOK_AGAIN = Backoff(0.5, 4.0), Backoff(0.5, 20.0)
SMS_AFTER_S = 3.0
#: What a notifier that was killed had in hand waits for the end of its lease, two minutes.
SETTLED_WITHIN_S = 600.0


class World:
    """The stack, the other sides of its channels, and owners whom incidents befall."""

    def __init__(self, stack: Stack, database: Database, providers: Providers, long: bool) -> None:
        self.stack, self.database, self.providers, self.long = stack, database, providers, long
        self.kills_wanted = LONG_KILLS if long else KILLS
        self.lasts_s = LONG_RAISED_S if long else RAISED_S
        self.most_work = LONG_MOST_WORK if long else MOST_WORK
        self.look_again = LONG_LOOK_AGAIN if long else LOOK_AGAIN
        self.owners = [f"owner-{number}" for number in range(LONG_INCIDENTS if long else INCIDENTS)]
        self.looking = self.owners[::LOOKS_EVERY]
        self.answering = self.looking[::ANSWERS_EVERY]
        self.kills: Counter[str] = Counter()
        self.answered = self.said_no = 0
        self._looking = frozenset(self.looking)

    async def live_through(self) -> None:
        """Everything under kills, until nothing is under way any more."""
        await make_reachable(self.database, self.owners, self.providers.browser.address)
        keys = await keys_of(self.stack, app="verify")
        async with api_of(self.stack) as client:
            url = str(client.base_url).rstrip("/")
            self.stack.start_notifier(**self.providers.settings, sms_after_s=SMS_AFTER_S, portal_url=url)
            client.event_hooks = {"response": [self._answer]}
            app = Patient(client, keys["app"])
            async with self._told_of(), asyncio.TaskGroup() as looks:
                async with asyncio.TaskGroup() as tasks:
                    tasks.create_task(
                        self._befall(lambda each: looks.create_task(self._look(app, client, each)))
                    )
                    tasks.create_task(self._kill())
                if not self.long:
                    await self._end_leases()
            async with asyncio.timeout(SETTLED_WITHIN_S):
                while await self._under_way():  # noqa: ASYNC110  others do it
                    await asyncio.sleep(0.5)

    @contextlib.asynccontextmanager
    async def _told_of(self) -> AsyncIterator[None]:
        """Print how far it is, now and then: a long run is looked at while it goes."""

        async def tell() -> None:
            for turn in count(1):
                await asyncio.sleep(SAY_EVERY_S)
                came, kills = self.providers.came.total(), self.kills.total()
                print(
                    f"{turn * SAY_EVERY_S:,.0f} s: {kills} of {self.kills_wanted} kills, {came:,} messages came, "
                    f"{self.answered:,} requests answered, {self.said_no} of {len(self.answering)} said no"
                )

        telling = asyncio.create_task(tell())
        try:
            yield
        finally:
            telling.cancel()

    async def _answer(self, _response: httpx.Response) -> None:
        self.answered += 1

    async def _befall(self, look: Callable[[str], object]) -> None:
        """Raise the incidents, a few at a time and some batches twice, as a cases process that was killed does."""
        began, turns = time.monotonic(), round(self.lasts_s / EVERY_S)
        for turn in range(turns):
            part = self.owners[turn::turns]
            for _ in range(2 if turn % 7 == 0 else 1):
                await raise_incidents(self.database, part)
            for each in self._looking.intersection(part):
                look(each)
            await asyncio.sleep(max(0.0, began + (turn + 1) * EVERY_S - time.monotonic()))

    async def _kill(self) -> None:
        """Two kills of three are the notifier's. Each comes while its process works, which is then brought back at once."""
        rng = Random(20_260)
        names = [("notifier", "notifier", "api")[number % 3] for number in range(self.kills_wanted)]
        rng.shuffle(names)
        for name in names:
            await self._worked(name, rng.randint(1, self.most_work[name]))
            process = self.stack.notifier if name == "notifier" else self.stack.api
            assert process is not None
            process.kill9()
            self.stack.revive()
            self.kills[name] += 1

    async def _worked(self, name: str, much: int) -> None:
        """Wait until the process has done so much since now: messages that came, requests that were answered."""

        def done() -> int:
            return self.providers.came.total() if name == "notifier" else self.answered

        before = done()
        with contextlib.suppress(TimeoutError):
            await until(lambda: done() >= before + much, IDLE_S)

    async def _look(self, app: Patient, client: httpx.AsyncClient, owner: str) -> None:
        """The app asks until the message is there, shows it and says so; some owners answer "no" by the link in it."""
        for times in count(1):
            told = (await app.ask("GET", f"/v1/accounts/{owner}/messages"))["messages"]
            if told:
                break
            await asyncio.sleep(self.look_again.pause_s(times))
        await app.ask("POST", "/v1/messages/reached", message=told[0]["message_id"])
        if owner in self.answering:
            await say_no(client, told[0]["link"])
            self.said_no += 1

    async def _end_leases(self) -> None:
        """Two minutes in no time: what only killed notifiers hold may be taken again."""
        assert self.stack.notifier is not None
        await asyncio.to_thread(self.stack.notifier.stop)
        async with self.database.begin() as connection:
            held = update(messages).where(messages.c.state == "sending")
            await connection.execute(held.values(next_at=0.0))
        self.stack.revive()

    async def _under_way(self) -> int:
        self.stack.revive()
        async with self.database.read() as connection:
            counts = [
                await connection.scalar(select(func.count()).select_from(table).where(of_state))
                for table, of_state in (
                    (notices, notices.c.state.in_(("waiting", "planned"))),
                    (messages, messages.c.state.in_(OPEN)),
                )
            ]
        return sum(int(each or 0) for each in counts)


async def say_no(client: httpx.AsyncClient, link: str) -> None:
    """Say "no" on the link's page, again while the API is away. A link that was answered is over."""
    path, seen = f"{urlsplit(link).path}/no", Counter[str]()
    last_try = time.monotonic() + PATIENCE_S
    while not await _pressed(client, path, seen):
        assert time.monotonic() < last_try, f"no answer was taken: {dict(seen)}"
        await asyncio.sleep(0.2)


async def _pressed(client: httpx.AsyncClient, path: str, seen: Counter[str]) -> bool:
    """Whether the answer was taken; what came instead is counted."""
    try:
        answer = await client.get(path)
        if answer.status_code == 200:
            form = read(answer).forms[0]
            answer = await client.post(form.action, data={**form.fields, "sure": "yes"})
    except httpx.TransportError as error:
        seen[type(error).__name__] += 1
        return False
    assert answer.status_code in (303, 410) or answer.status_code >= 500, answer.text
    seen[str(answer.status_code)] += 1
    return answer.status_code < 500


class Books:
    """What the run left in SQL."""

    notices: Sequence[Row[Any]]
    messages: Sequence[Row[Any]]
    inbox: Counter[str]
    answers: Counter[tuple[str, str]]
    actions: Counter[tuple[str, str]]

    async def read(self, database: Database) -> None:
        """All of it."""
        acted = select(outbox.c.payload).where(outbox.c.kind == "action")
        answered = select(answer_links.c.account_id, answer_links.c.answer)
        async with database.read() as connection:
            self.notices = (await connection.execute(select(notices))).all()
            self.messages = (await connection.execute(select(messages))).all()
            self.inbox = Counter((await connection.execute(select(inbox.c.message_id))).scalars())
            self.answers = Counter((row[0], row[1]) for row in await connection.execute(answered))
            actions = map(read_action, (await connection.execute(acted)).scalars())
            self.actions = Counter((each.account_id, each.kind) for each in actions)

    def ids(self, channels: Sequence[str]) -> dict[str, int]:
        """Of the messages that these channels took, how often each was tried."""
        return {
            row.message_id: row.attempts
            for row in self.messages
            if row.channel in channels and row.state in TAKEN
        }


async def test_each_incident_has_one_message_id_a_channel_and_none_is_lost_whoever_is_killed(
    real_kafka: str, real_redis: str, real_postgres_server: PostgresServer, tmp_path: Path, long: bool
) -> None:
    url = real_postgres_server.new_database(f"messages_{uuid4().hex[:8]}")
    stack = Stack(stack_settings(real_kafka, await empty_store(real_redis), url, tmp_path), tmp_path)
    database, books, began = Database(url), Books(), time.monotonic()
    try:
        await stack.prepare()
        async with Providers() as providers:
            world = World(stack, database, providers, long)
            await world.live_through()
        await books.read(database)
    finally:
        stack.stop()
        await database.close()
        print(stack.logs())
    came, taken = providers.came, books.ids(OUTSIDE)
    print(
        f"{len(world.owners)} incidents, {len(books.messages)} messages, kills {dict(world.kills)}, "
        f"{len(came)} ids outside, {came.total() - len(came)} came again, "
        f"{time.monotonic() - began:.0f} s"
    )

    assert_each_is_told_once(world, books)
    # The other sides know each by one id, and may see it again only where it was tried again.
    assert came.keys() == taken.keys()
    assert {each: count for each, count in came.items() if count > taken[each]} == {}
    assert books.inbox == dict.fromkeys(books.ids(["inbox"]), 1)
    assert books.answers == {(owner, "not_me"): 1 for owner in world.answering}
    freezes = {owner: count for (owner, kind), count in books.actions.items() if kind == "freeze"}
    assert freezes == dict.fromkeys(world.answering, 1)


def assert_each_is_told_once(world: World, books: Books) -> None:
    """One message a channel of each incident, and of each freeze that an answer brought; each has its end."""
    told = {row.notice_id: row.account_id for row in books.notices if row.state == "delivered"}
    silent = Counter((row.template, row.state) for row in books.notices if row.notice_id not in told)
    assert {notice_of(owner) for owner in world.owners} <= told.keys()
    assert Counter(told.values()) == Counter(world.owners) + Counter(world.answering)
    assert silent == {("login_notice", "suppressed"): len(world.owners)}
    places = Counter((row.notice_id, row.channel) for row in books.messages)
    assert places == {(notice, channel): 1 for notice in told for channel in EVERYWHERE}
    # A text message alone may be left out, where the owner had read the message in the app.
    left_out = [row for row in books.messages if row.state not in TAKEN]
    assert {(row.channel, row.state, row.why) for row in left_out} <= {("sms", "suppressed", REACHED)}
    assert {row.account_id for row in left_out} <= set(world.looking)
