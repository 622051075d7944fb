"""Freezes, held payments, their ends, letters and owners' reports while every process that carries them is killed at random."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Coroutine
from functools import partial
from pathlib import Path
from random import Random
from typing import Any
from uuid import uuid4

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from msgspec import json
from sqlalchemy import func, select

from benchmarks.parts.real_parts import PostgresServer
from contracts.decisions import AnyEffect, HoldPayment, effect_id
from contracts.events import AnyEvent, Settlement
from contracts.topics import HEADER_EFFECTS
from services.activity.tables import activity
from services.cases.hold_tables import account_holds, held_payments
from services.cases.tables import notices, outbox
from services.platform.database import Database
from services.wallet.actions import ActionResult, WalletAction, read_action
from services.wallet.tables import wallet_actions
from tests.chaos.conftest import empty_store
from tests.chaos.evidence import read_topic
from tests.chaos.patient import Patient
from tests.chaos.stack import Stack, stack_settings
from tests.e2e.test_not_me_at_once import report
from tests.e2e.test_stopped_and_released import Desk, api_of, keys_of
from tests.notifier.mail_server import SENDER, Mailbox, MailServer
from tests.services.cases.decided import alert, freeze, notify, open_case, recorded

pytestmark = [pytest.mark.real, pytest.mark.chaos, pytest.mark.timeout(3600)]

#: Accounts of each of the three kinds, and kills.
ACCOUNTS, KILLS = 100, 6
LONG_ACCOUNTS, LONG_KILLS = 1_700, 100
#: A new affair begins so often, while fewer than so many are open.
EVERY_S, AT_ONCE = 0.1, 16
#: Between kills: a group waits six seconds for a member that was killed.
SHORTEST_S, LONGEST_S = 4.0, 8.0
#: A letter in the hands of a notifier that was killed waits for the end of its lease, two minutes.
SETTLED_WITHIN_S = 300.0
#: Letters that one notifier sends at once.
MOST_IN_HAND = 32

Work = Callable[[], Coroutine[Any, Any, None]]


class World:
    """The stack, somebody who decides, two of support, an owner and a wallet."""

    def __init__(self, stack: Stack, accounts: int) -> None:
        self.stack = stack
        self.frozen = [f"frozen-{number}" for number in range(accounts)]
        self.payers = [f"payer-{number}" for number in range(accounts)]
        self.owners = [f"owner-{number}" for number in range(accounts)]
        self.producer = AIOKafkaProducer(bootstrap_servers=stack.settings.kafka, acks="all")
        self.kills = 0
        self.mails = Mailbox()

    def end_of(self, account: str) -> str:
        """How the account's payment ends."""
        return ("release", "cancel")[self.payers.index(account) % 2]

    async def lived_through(self, database: Database, kills: int) -> Books:
        """Everything asked for under kills, and what is there when nothing moves any more."""
        self.stack.start_cases()
        self.stack.start_activity()
        keys = await keys_of(self.stack, mei="support contacts", bo="support", owner="report")
        await self.producer.start()
        wallet = asyncio.create_task(acknowledge(self.stack))
        try:
            async with MailServer(self.mails) as port, api_of(self.stack) as client:
                self.stack.start_notifier(smtp=f"smtp://127.0.0.1:{port}", smtp_sender=SENDER)
                mei, bo, owner = (Patient(client, keys[name]) for name in ("mei", "bo", "owner"))
                works: list[Work] = [partial(self.freeze_and_release, each, mei, bo) for each in self.frozen]
                works += [partial(self.hold_and_settle, each, mei) for each in self.payers]
                works += [partial(self.say_not_me, each, owner) for each in self.owners]
                async with asyncio.TaskGroup() as tasks:
                    tasks.create_task(self.kill(kills))
                    await spread(works)
                return await self.settled(database)
        finally:
            wallet.cancel()
            await asyncio.gather(wallet, return_exceptions=True)
            await self.producer.stop()

    async def settled(self, database: Database) -> Books:
        """The books, once nothing moves any more."""
        last_look = time.monotonic() + SETTLED_WITHIN_S
        while not (books := await read_books(self.stack, database)).settled:
            assert time.monotonic() < last_look, books.open()
            await asyncio.sleep(0.5)
        return books

    async def decide(self, account: str, *effects: AnyEffect) -> None:
        """A decision about the event `e` of the account, as a worker writes it."""
        record = recorded("e", account, effects, at=time.time())
        headers = [(HEADER_EFFECTS, b"1")]
        topic = self.stack.settings.topic_decisions
        await self.producer.send_and_wait(topic, record.body, key=account.encode(), headers=headers)

    async def reach(self, account: str, desk: Desk) -> None:
        """Letters to the account's owner have an address."""
        await desk.ask("PUT", f"/v1/accounts/{account}/contact", email=f"{account}@people.example")

    async def freeze_and_release(self, account: str, asks: Desk, allows: Desk) -> None:
        """Frozen by a decision, then unfrozen by two people."""
        case, seen = open_case("e", account_id=account), alert("e", account_id=account)
        told = notify("e", "deny_notice", account)
        await self.reach(account, asks)
        await self.decide(account, seen, case, freeze("e", account), told)
        await asks.until(f"/v1/accounts/{account}/holds", lambda found: found["frozen"])
        asked = await asks.ask("POST", f"/v1/accounts/{account}/unfreeze", why="spoke to her")
        await allows.ask("POST", f"/v1/approvals/{asked['approvals'][0]['approval_id']}/approve")

    async def hold_and_settle(self, account: str, desk: Desk) -> None:
        """A payment held by a decision, then let go or given up."""
        held = HoldPayment(
            effect_id=effect_id(account, "e", "hold_payment"), due_s=86_400, amount="9.00", currency="CNY"
        )
        await self.reach(account, desk)
        await self.decide(account, held, notify("e", "hold_notice", account))
        await desk.until(f"/v1/accounts/{account}/holds", lambda found: found["payments"])
        path = f"/v1/accounts/{account}/payments/e/{self.end_of(account)}"
        await desk.ask("POST", path, why="asked the payer")

    async def say_not_me(self, account: str, owner: Desk) -> None:
        """The owner says it, twice, as a hurried program does."""
        said = json.decode(report(account, int(time.time() * 1000)))
        for _ in range(2):
            await owner.ask("POST", "/v1/events", **said)

    async def kill(self, wanted: int) -> None:
        """Kill one of the processes so many times, each brought back at once."""
        rng = Random(20_260)
        while self.kills < wanted:
            await asyncio.sleep(rng.uniform(SHORTEST_S, LONGEST_S))
            stack = self.stack
            process = rng.choice([stack.cases, stack.activity, stack.api, stack.notifier])
            assert process is not None
            process.kill9()
            self.stack.revive()
            self.kills += 1


async def spread(works: list[Work]) -> None:
    """All of the works, begun one after the other in an order of chance."""
    Random(7).shuffle(works)
    gate = asyncio.Semaphore(AT_ONCE)

    async def one(work: Work) -> None:
        try:
            await work()
        finally:
            gate.release()

    async with asyncio.TaskGroup() as tasks:
        for work in works:
            await gate.acquire()
            tasks.create_task(one(work))
            await asyncio.sleep(EVERY_S)


async def acknowledge(stack: Stack) -> None:
    """Do what the actions topic says, as a wallet does, and tell it by topic until cancelled."""
    settings = stack.settings
    consumer = AIOKafkaConsumer(
        settings.topic_actions, bootstrap_servers=settings.kafka, auto_offset_reset="earliest"
    )
    producer = AIOKafkaProducer(bootstrap_servers=settings.kafka, acks="all")
    try:
        await consumer.start()
        await producer.start()
        async for record in consumer:
            told = ActionResult(action_id=read_action(record.value or b"").action_id, result="done")
            await producer.send_and_wait(settings.topic_results, json.encode(told), key=record.key)
    finally:
        await consumer.stop()
        await producer.stop()


class Books:
    """What the run left: on the topics, each id once, and in SQL."""

    def __init__(self) -> None:
        self.actions: dict[str, WalletAction] = {}
        self.events: set[tuple[str, str]] = set()
        self.settlements: dict[str, Settlement] = {}
        self.feed: dict[str, str | None] = {}
        self.unsent = 0
        self.rows: Counter[tuple[str, str]] = Counter()
        self.standing: dict[str, str] = {}
        self.held: Counter[str] = Counter()
        #: states of notices by their id
        self.letters: dict[str, str] = {}

    @property
    def settled(self) -> bool:
        """Whether nothing is under way any more."""
        return not any(self.open().values())

    def open(self) -> dict[str, int]:
        """How many of each thing are under way."""
        results, letters = Counter(self.feed.values()), Counter(self.letters.values())
        return {
            "actions without a result": len(self.feed) - results["done"],
            "rows of the outbox": self.unsent,
            "letters waiting": letters["waiting"],
            "letters planned": letters["planned"],
            "events without a row": len(self.events) - len(self.rows),
        }

    def kinds(self) -> Counter[tuple[str, str]]:
        """Actions by account and kind."""
        return Counter((action.account_id, action.kind) for action in self.actions.values())


async def read_books(stack: Stack, database: Database) -> Books:
    """All of it, topics first."""
    books, settings = Books(), stack.settings
    async for record in read_topic(settings, settings.topic_actions):
        action = read_action(record.value or b"")
        books.actions[action.action_id] = action
    async for record in read_topic(settings, settings.topic_events):
        event = json.decode(record.value or b"", type=AnyEvent)
        books.events.add((event.account_id, event.event_id))
        if isinstance(event, Settlement):
            books.settlements[event.event_id] = event
    async with database.read() as connection:
        unsent = select(func.count()).select_from(outbox).where(outbox.c.sent_at.is_(None))
        books.unsent = int(await connection.scalar(unsent) or 0)
        feed = await connection.execute(select(wallet_actions.c.action_id, wallet_actions.c.result))
        books.feed = {row[0]: row[1] for row in feed}
        rows = await connection.execute(select(activity.c.account_id, activity.c.event_id))
        books.rows = Counter((row[0], row[1]) for row in rows)
        standing = select(account_holds.c.account_id, account_holds.c.hold_id)
        standing = standing.where(account_holds.c.released_at.is_(None))
        books.standing = {row[0]: row[1] for row in await connection.execute(standing)}
        states = await connection.execute(select(held_payments.c.state))
        books.held = Counter(row[0] for row in states)
        told = await connection.execute(select(notices.c.notice_id, notices.c.state))
        books.letters = {row[0]: row[1] for row in told}
    return books


async def test_every_hold_has_one_freeze_and_one_end_and_every_event_one_row_whoever_is_killed(
    real_kafka: str, real_redis: str, real_postgres_server: PostgresServer, tmp_path: Path, long: bool
) -> None:
    database = real_postgres_server.new_database(f"holds_{uuid4().hex[:8]}")
    settings = stack_settings(real_kafka, await empty_store(real_redis), database, tmp_path)
    stack = Stack(settings, tmp_path)
    world = World(stack, LONG_ACCOUNTS if long else ACCOUNTS)
    looking = Database(database)
    began = time.monotonic()
    try:
        await stack.prepare()
        books = await world.lived_through(looking, LONG_KILLS if long else KILLS)
    finally:
        stack.stop()
        await looking.close()
        print(stack.logs())
    letters = Counter(books.letters.values())
    print(
        f"{len(books.actions)} actions, {len(books.events)} events, {len(world.mails.ids)} mails, letters {dict(letters)}, "
        f"{world.kills} kills, {time.monotonic() - began:.0f} s"
    )

    one = {(account, kind): 1 for account in world.frozen for kind in ("freeze", "unfreeze")}
    one |= {(account, kind): 1 for account in world.owners for kind in ("freeze", "revoke_sessions")}
    one |= {(account, f"{world.end_of(account)}_payment"): 1 for account in world.payers}
    assert books.kinds() == one
    assert books.feed == dict.fromkeys(books.actions, "done")
    assert books.standing == {
        account: effect_id(account, f"r-{account}", "freeze") for account in world.owners
    }
    ends = Counter((each.account_id, each.settles) for each in books.settlements.values())
    assert ends == {(account, "account"): 1 for account in world.frozen} | {
        (account, "payment"): 1 for account in world.payers
    }
    assert "held" not in books.held
    assert books.held.total() == len(world.payers)
    assert books.rows == dict.fromkeys(books.events, 1)
    # Every letter has one Message-ID; a mail comes again only where a kill came between it and its note.
    sent = {ident.strip("<>") for ident in world.mails.ids}
    delivered = [notice for notice, state in books.letters.items() if state == "delivered"]
    assert Counter(ident.partition(".")[0] for ident in sent) == dict.fromkeys(delivered, 1)
    assert len(delivered) >= 2 * (len(world.frozen) + len(world.payers))
    assert len(world.mails.ids) - len(sent) <= world.kills * MOST_IN_HAND
