"""The whole API in one process: a topic in a list, replies in a dict, SQLite, and a worker that allows everything."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import Any

import httpx
import msgspec
from fastapi import FastAPI

from contracts.decisions import Decision, answer_name
from contracts.events import AnyEvent
from contracts.report_kinds import REPORTS
from contracts.topics import HEADER_REPLY_TO
from services.activity.repository import ActivityStore
from services.answers.answers import Answers
from services.api.application import ApiResources, create_app
from services.api.offered import read_body
from services.api.producer import EventSink, Headers, InProcessTopic, Outgoing
from services.api.replies import Replies, ReplyReader
from services.attacks import asking
from services.cases.answer_links import AnswerLinks
from services.cases.case_service import CaseService
from services.cases.hold_service import HoldService
from services.cases.owner_words import Following, OwnerWords
from services.cases.unfreezing import Unfreezing
from services.connect.arriving import Arrivals
from services.connect.connections import connection_vault
from services.desk import bulk_messages
from services.desk.packs import RULE, UNMASKED, Packs
from services.events.adapters import JSON
from services.events.own_events import EventMacs
from services.help.library import Library
from services.http.api_keys import ApiKeys
from services.memory.in_process import InProcessChallengeIntake, InProcessReplies
from services.memory.redis_client import connect
from services.mfa.factor_check import CodeChecker
from services.mfa.factor_facts import factor_proved
from services.mfa.grants import Grants
from services.mfa.lifecycle import FactorLifecycle
from services.mfa.limits import Limits
from services.mfa.report_undo import ReportUndo
from services.mfa.service import ChallengesService
from services.mfa.vault import Vault
from services.mfa.with_code import WithCode
from services.platform.database import Database
from services.platform.keyring import Keyring
from services.platform.settings import Settings
from services.portal.portal import Portal
from services.portal.visits import Visits
from services.reports.service import ReportService
from services.rights.erasure import AccountRights
from services.staff.administration import RESET, reset_rule
from services.wallet.feed import ActionFeed
from services.wallet.webhooks import Webhooks, WebhookSecrets
from tests.services.centre.made import centre_over
from tests.services.desk.made import desk_over, staff_over
from tests.services.help.written import FACTS

CHANNEL = "api-1"
CLOCKS = {rule.name: rule.clock for rule in REPORTS}
#: A port nobody listens on: the store is away unless a test brings one.
NO_REDIS = "redis://127.0.0.1:1/0"


@dataclass
class Clock:
    at: float = 1_800_000_000.0

    def __call__(self) -> float:
        return self.at


@dataclass
class Worker:
    """Decides events as they arrive, each id once; `asleep` leaves them undecided."""

    stored_replies: Any
    asleep: bool = False
    #: released once for each event that arrived
    arrivals: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(0))
    seen: set[str] = field(default_factory=set)

    async def arrived(self, event: Outgoing, headers: Headers) -> None:
        decoded: AnyEvent = msgspec.json.decode(event.value, type=AnyEvent)
        self.arrivals.release()
        if not self.asleep and decoded.event_id not in self.seen:
            self.seen.add(decoded.event_id)
            channel = dict(headers)[HEADER_REPLY_TO].decode()
            await self.decide(decoded.event_id, event.account_id, channel, event.value)

    async def decide(
        self, event_id: str, account_id: str = "a1", channel: str = CHANNEL, value: bytes | None = None
    ) -> None:
        decision = Decision(
            event_id=event_id,
            account_id=account_id,
            type="login",
            at=1.0,
            risk=0.01,
            score=1,
            action="allow",
            policy_version="test",
            states=("learning",),
        )
        sent = msgspec.json.encode(a_login(event_id, account_id=account_id)) if value is None else value
        name = answer_name(account_id, event_id, sent)
        await self.stored_replies.deliver([(channel, name, msgspec.json.encode(decision))])


@dataclass
class World:
    """What a test of the API looks at and turns."""

    app: FastAPI
    client: httpx.AsyncClient
    topic: InProcessTopic
    stored_replies: InProcessReplies
    worker: Worker
    keys: ApiKeys
    clock: Clock
    database: Database

    async def post(self, body: Any, query: str = "", **headers: str) -> httpx.Response:
        """POST the body, encoded unless it is bytes, with a key of scope ingest."""
        content = body if isinstance(body, bytes) else msgspec.json.encode(body)
        given = {
            "content-type": "application/json",
            **{name.replace("_", "-"): v for name, v in headers.items()},
        }
        return await self.client.post(f"/v1/events{query}", content=content, headers=given)


def resources(
    database: Database, sink: EventSink, stored_replies: ReplyReader, keys: ApiKeys, **settings: Any
) -> ApiResources:
    """Everything the API needs over the given parts."""
    # long because it names each part of the API once
    clock = Clock()
    intake, vault = InProcessChallengeIntake(clock), Vault({1: b"v" * 32}, 1)
    checks = CodeChecker(vault, Limits(b"n" * 32))
    grants = Grants(Keyring({1: b"g" * 32}, 1))
    following = Following(frozenset({"freeze", "revoke_sessions", "case"}), frozenset({"release_payment"}))
    words = OwnerWords(database, clock, following, factor_proved)
    rights = AccountRights(Settings(), database, connect(NO_REDIS), clock, ["erasure"])
    challenges = ChallengesService(database, intake, checks, clock, grants)
    links = AnswerLinks(Keyring({1: b"e" * 32}, 1))
    cases, activity = (
        CaseService(database, clock),
        ActivityStore(database, {"money": 400, "access": 180}, clock),
    )
    holds = HoldService(
        database,
        clock,
        Unfreezing(second_person=["unfreeze"]),
        {
            "erasure": rights.act,
            UNMASKED: RULE,
            RESET: reset_rule(staff_over(database, clock)),
            bulk_messages.ACT: bulk_messages.RULE,
            asking.ACT: asking.RULE,
        },
    )
    return ApiResources(
        settings=Settings(**settings),
        database=database,
        redis=connect(NO_REDIS),
        producer=sink,
        stored_replies=stored_replies,
        replies=Replies(stored_replies, CHANNEL),
        keys=keys,
        challenges=challenges,
        lifecycle=FactorLifecycle(database, vault, checks, clock, issuer="UPay"),
        grants=grants,
        cases=cases,
        holds=holds,
        words=words,
        centre=centre_over(database, checks, clock, words),
        report_undo=ReportUndo(database, checks, clock),
        answers=Answers(database, links, clock, following, challenges, WithCode(database, checks, clock)),
        reports=ReportService(database, clock, CLOCKS, vault),
        actions=ActionFeed(database, clock, longest_wait_s=0.0),
        webhooks=Webhooks(database, WebhookSecrets(Keyring({1: b"e" * 32}, 1)), clock, allow_private=False),
        activity=activity,
        portal=Portal(
            Visits(database, Keyring({1: b"v" * 32}, 1), clock), database, "UPay", "http://payguard"
        ),
        desk=desk_over(database, clock, cases, holds, activity),
        rights=rights,
        packs=Packs(database, clock, vault, {}, "UPay"),
        library=Library(database, clock, FACTS),
        arrivals=Arrivals(database, connection_vault(Keyring({1: b"e" * 32}, 1)), clock),
        reasons={},
        macs=EventMacs(Keyring({1: b"e" * 32}, 1)),
    )


async def opened(database: Database) -> World:
    """A world with its application; run its lifespan to use it."""
    clock = Clock()
    stored_replies = InProcessReplies(clock)
    worker = Worker(stored_replies)
    topic = InProcessTopic(worker.arrived)
    keys = ApiKeys(database, clock)
    app = create_app(resources(database, topic, stored_replies, keys, http_max_body_bytes=1_000_000))
    text, _ = await keys.create("wallet", ["ingest"])
    client = httpx.AsyncClient(
        transport=httpx.ASGITransport(app, raise_app_exceptions=False),
        base_url="http://payguard",
        headers={"Authorization": f"Bearer {text}"},
    )
    return World(app, client, topic, stored_replies, worker, keys, clock, database)


def a_login(event_id: str = "e1", **fields: Any) -> dict[str, Any]:
    """A good event as a caller writes it."""
    return {
        "type": "login",
        "event_id": event_id,
        "account_id": "a1",
        "occurred_at": 1_700_000_000_000,
        "outcome": "success",
        **fields,
    }


def encoded(event: dict[str, Any]) -> bytes:
    """The event as the API hands it on."""
    return read_body(msgspec.json.encode(event), JSON)[0].value
