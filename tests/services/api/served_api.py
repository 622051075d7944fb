"""The whole API on a port of this machine, in a thread of its own, with one of everything to ask about."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

import msgspec
from sqlalchemy import select

from contracts.decisions import effect_id
from contracts.events import AnyEvent
from contracts.shown import Shown, Usual
from services.activity.rows import row_of
from services.answers.answers import Answers
from services.api.application import ApiResources, create_app, server
from services.api.example_values import EVENTS
from services.api.producer import InProcessTopic
from services.cases.approvals import Approval
from services.cases.repository import keep
from services.cases.tables import cases
from services.http.api_keys import SCOPES, ApiKeys
from services.memory.in_process import InProcessChallengeIntake, InProcessReplies
from services.memory.redis_client import connect
from services.mfa.factor_check import CodeChecker
from services.mfa.grants import Grants
from services.mfa.lifecycle import FactorLifecycle
from services.mfa.limits import Limits
from services.mfa.report_undo import ReportUndo
from services.mfa.service import ChallengesService
from services.mfa.vault import Vault
from services.mfa.with_code import WithCode
from services.platform.database import Database
from services.platform.embedded import free_port
from services.platform.keyring import Keyring
from services.rights.erasure import AccountRights
from services.wallet.actions import WalletAction
from services.wallet.feed import publish
from tests.services.api.world import Worker, resources
from tests.services.cases.databases import opened
from tests.services.cases.decided import everything, hold, no_challenges, recorded
from tests.services.centre.made import centre_over
from tests.services.mfa.world import AT_ONCE, CHEAP, KEY, Clock, World, an_administrator

#: A challenge that a code passed and that no generated request names; `known` holds its code under this name.
UNTOUCHED = "untouched"
_READY_S = 120.0
SHOWN = Shown(amount="412.00", currency="CNY", payee_id="shop-7", usual=Usual(country="CN", at=1.0))


@dataclass(frozen=True)
class Served:
    """Where it answers, a key for each scope, and what there is to ask about, by the name that the API calls it."""

    url: str
    key_of: Mapping[str, str] = field(repr=False)
    known: Mapping[str, Any] = field(repr=False)
    clock: Clock


@contextmanager
def served(database_url: str, redis: str) -> Iterator[Served]:
    """The API over a migrated database until the end of the block. Only the caller moves its clock."""
    ready, over = threading.Event(), threading.Event()
    made: list[Served] = []

    async def run() -> None:
        database = opened(database_url)
        store = connect(redis)
        parts, world = _parts(database)
        rights = AccountRights(parts.settings, database, store, world.clock, ["erasure"])
        app = create_app(replace(parts, redis=store, rights=rights))
        web = server(app, "127.0.0.1", parts.settings.http_port, own_signals=False)
        keys: dict[str, str] = {scope: (await parts.keys.create(scope, [scope]))[0] for scope in SCOPES}
        made.append(
            Served(
                f"http://127.0.0.1:{parts.settings.http_port}", keys, await _filled(world, parts), world.clock
            )
        )
        serving = asyncio.create_task(web.serve())
        while not web.started and not serving.done():  # noqa: ASYNC110  polls the server
            await asyncio.sleep(0.01)
        ready.set()
        await asyncio.to_thread(over.wait)
        web.should_exit = True
        await serving
        await store.aclose()
        await database.close()

    thread = threading.Thread(target=lambda: asyncio.run(run()))
    thread.start()
    try:
        deadline_s = time.monotonic() + _READY_S
        while not ready.wait(0.1):
            assert thread.is_alive()
            assert time.monotonic() < deadline_s
        yield made[0]
    finally:
        over.set()
        thread.join()


def _parts(database: Database) -> tuple[ApiResources, World]:
    """Parts in the process, and a look at them; refusals are answered at once."""
    clock = Clock()
    stored_replies, intake = InProcessReplies(clock), InProcessChallengeIntake(clock)
    topic = InProcessTopic(Worker(stored_replies).arrived)
    vault, grants = Vault({1: KEY}, 1), Grants(Keyring({1: KEY}, 1))
    checks = CodeChecker(vault, Limits(KEY))
    service = ChallengesService(database, intake, checks, clock, grants, AT_ONCE)
    lifecycle = FactorLifecycle(database, vault, checks, clock, "UPay", CHEAP, answers=AT_ONCE)
    undo = ReportUndo(database, checks, clock, answers=AT_ONCE)
    made = resources(database, topic, stored_replies, ApiKeys(database, clock), http_port=free_port())
    codes = WithCode(database, checks, clock, AT_ONCE)
    answers = Answers(database, made.answers.links, clock, made.answers.following, service, codes)
    parts = replace(
        made,
        challenges=service,
        lifecycle=lifecycle,
        grants=grants,
        report_undo=undo,
        centre=centre_over(database, checks, clock, made.words, AT_ONCE),
        answers=answers,
    )
    return parts, World(service, lifecycle, undo, checks, database, intake, clock)


async def _filled(world: World, parts: ApiResources) -> dict[str, Any]:
    """A held payment with its case, freeze and activity, a webhook, what waits for a second person, a challenge that a code
    passed, factors, an enrolment and a reset that wait."""
    codes = {}
    for account_id, challenge_id in (("li", "c1"), ("chen", UNTOUCHED)):
        secret = await world.enrolled(account_id)
        await world.issue(challenge_id, account_id)
        codes[challenge_id] = world.code(secret)
        assert (await world.service.verify(challenge_id, codes[challenge_id])).passed
    await world.enrolled("wang")
    reset = await world.lifecycle.resets.request("wang", an_administrator("another"), "lost phone")
    pending = await world.enrol("zhao")
    async with world.database.begin() as connection:
        effects = (*everything("decided"), hold("decided"))
        stopped = recorded("decided", "li", effects, type="transaction", shown=SHOWN)
        await keep(connection, [stopped], no_challenges)
        case_id = await connection.scalar(select(cases.c.case_id))
        freeze = effect_id("li", "decided", "freeze")
        told = WalletAction(action_id=freeze, kind="freeze", account_id="li", event_id="decided", at=1.0)
        await publish(connection, [told], world.clock.at)
    waits = await parts.holds.unfreeze("li", "key:mei", "spoke to the owner")
    assert isinstance(waits, Approval)
    webhook, _ = await parts.webhooks.create("https://wallet.example/payguard", ["freeze"], "key:ops")
    await parts.activity.write([row_of(msgspec.convert(each, AnyEvent)) for each in EVENTS.values()])
    return {
        "account_id": "li",
        "action_id": freeze,
        "approval_id": waits.approval_id,
        "webhook_id": webhook.webhook_id,
        "case_id": case_id,
        "challenge_id": "c1",
        "code": codes["c1"],
        UNTOUCHED: codes[UNTOUCHED],
        "event_id": "decided",
        "proved_at": world.clock.at,
        "reset_id": reset.reset_id,
        "ticket": pending.ticket,
    }
