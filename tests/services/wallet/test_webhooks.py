"""Webhooks: signed, tried again, each by itself, and never into the operator's own networks."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from aiohttp import web
from standardwebhooks import Webhook as Verifier

from contracts.errors import Malformed
from services.platform.database import Database
from services.platform.keyring import Keyring
from services.wallet.actions import KINDS
from services.wallet.delivery import SCHEDULE_S, WebhookSender, pause_after
from services.wallet.feed import publish
from services.wallet.outside import check_url, is_public, outside
from services.wallet.webhooks import OLD_SECRET_S, Webhooks, WebhookSecrets
from tests.services.wallet.test_feed import freeze

KEYS = WebhookSecrets(Keyring({1: b"e" * 32}, 1))


class Clock:
    """Epoch seconds that a test turns; signatures are judged by the true time, so it begins with that."""

    def __init__(self) -> None:
        self.now = datetime.now(UTC).timestamp()

    def __call__(self) -> float:
        return self.now


class Receiver:
    """An HTTP server that keeps what it is sent and answers as told."""

    def __init__(self) -> None:
        self.got: list[tuple[dict[str, str], bytes]] = []
        self.answer: Callable[[], web.Response] = lambda: web.Response(status=204)
        self.url = ""

    async def take(self, request: web.Request) -> web.Response:
        self.got.append((dict(request.headers), await request.read()))
        return self.answer()


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    kept = Receiver()
    app = web.Application()
    app.router.add_post("/hook", kept.take)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    port = runner.addresses[0][1]
    kept.url = f"http://127.0.0.1:{port}/hook"
    yield kept
    await runner.cleanup()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def webhooks(database: Database, clock: Clock) -> Webhooks:
    return Webhooks(database, KEYS, clock, allow_private=True)


async def freezes(database: Database, *numbers: int) -> None:
    async with database.begin() as connection:
        await publish(connection, [freeze(number) for number in numbers], 1.0)


async def step(database: Database, clock: Clock, allow_private: bool = True) -> int:
    async with outside(allow_private) as pool, asyncio.TaskGroup() as tasks:
        return await WebhookSender(database, KEYS, pool, clock).step(tasks)


async def test_an_action_arrives_once_with_a_signature_that_a_library_of_others_accepts(
    database: Database, webhooks: Webhooks, receiver: Receiver, clock: Clock
) -> None:
    await freezes(database, 1)
    _, secret = await webhooks.create(receiver.url, [], "key:ops")
    await freezes(database, 2)

    assert [await step(database, clock) for _ in range(2)] == [1, 0]
    ((headers, body),) = receiver.got
    sent = Verifier(secret).verify(body, headers)
    assert (sent["type"], sent["data"]["action_id"]) == ("action.freeze", "a2")


async def test_only_the_kinds_that_were_named_are_sent(
    database: Database, webhooks: Webhooks, receiver: Receiver, clock: Clock
) -> None:
    await webhooks.create(receiver.url, ["unfreeze"], "key:ops")
    await freezes(database, 1)

    assert await step(database, clock) == 0


async def test_what_fails_is_tried_again_under_the_same_id_and_then_given_up(
    database: Database, webhooks: Webhooks, receiver: Receiver, clock: Clock
) -> None:
    receiver.answer = lambda: web.Response(status=500)
    made, _ = await webhooks.create(receiver.url, [], "key:ops")
    await freezes(database, 1)
    for pause_s in (0, *SCHEDULE_S[:4]):
        clock.now += pause_s * 1.3
        assert await step(database, clock) == 1
        assert await step(database, clock) == 0
    receiver.answer = lambda: web.Response(status=200)
    clock.now += SCHEDULE_S[4] * 1.3

    assert await step(database, clock) == 1
    assert {headers["webhook-id"] for headers, _ in receiver.got} == {"a1"}
    (delivery,) = await webhooks.deliveries(made.webhook_id, 10)
    assert (delivery.state, delivery.attempts, delivery.last_status) == ("delivered", 6, 200)


async def test_a_receiver_that_asks_for_time_gets_it(
    database: Database, webhooks: Webhooks, receiver: Receiver, clock: Clock
) -> None:
    receiver.answer = lambda: web.Response(status=429, headers={"Retry-After": "60"})
    await webhooks.create(receiver.url, [], "key:ops")
    await freezes(database, 1)
    await step(database, clock)
    clock.now += 30

    assert await step(database, clock) == 0
    clock.now += 31
    assert await step(database, clock) == 1


@pytest.mark.parametrize(
    ("status", "wait_s", "why"),
    [(410, 0.0, "gone"), (500, 4 * 86_400.0, "failing")],
    ids=["410", "three days"],
)
async def test_a_webhook_that_is_gone_or_fails_for_days_is_disabled(
    database: Database,
    webhooks: Webhooks,
    receiver: Receiver,
    clock: Clock,
    status: int,
    wait_s: float,
    why: str,
) -> None:
    receiver.answer = lambda: web.Response(status=status)
    await webhooks.create(receiver.url, [], "key:ops")
    await freezes(database, 1)
    await step(database, clock)
    clock.now += wait_s
    await step(database, clock)

    (webhook,) = await webhooks.all()
    assert webhook.disabled_why == why
    await freezes(database, 2)
    assert await step(database, clock) == 0


async def test_a_redirect_is_not_followed(
    database: Database, webhooks: Webhooks, receiver: Receiver, clock: Clock
) -> None:
    receiver.answer = lambda: web.Response(status=302, headers={"Location": receiver.url})
    made, _ = await webhooks.create(receiver.url, [], "key:ops")
    await freezes(database, 1)
    await step(database, clock)

    assert len(receiver.got) == 1
    (delivery,) = await webhooks.deliveries(made.webhook_id, 10)
    assert (delivery.state, delivery.last_error) == ("waiting", "refused")


async def test_a_webhook_that_is_away_delays_no_other(
    database: Database, webhooks: Webhooks, receiver: Receiver, clock: Clock
) -> None:
    await webhooks.create("http://127.0.0.1:1/hook", [], "key:ops")
    await webhooks.create(receiver.url, [], "key:ops")
    await freezes(database, 1)

    assert await step(database, clock) == 2
    assert len(receiver.got) == 1


async def test_both_secrets_sign_for_a_day_after_a_rotation(
    database: Database, webhooks: Webhooks, receiver: Receiver, clock: Clock
) -> None:
    made, old = await webhooks.create(receiver.url, [], "key:ops")
    new = await webhooks.rotate(made.webhook_id)
    await freezes(database, 1)
    await step(database, clock)

    assert new is not None
    ((headers, body),) = receiver.got
    assert Verifier(old).verify(body, headers) == Verifier(new).verify(body, headers) == json.loads(body)
    (webhook,) = await webhooks.all()
    assert len(KEYS.of(webhook, clock.now + OLD_SECRET_S)) == 1


async def test_a_replay_sends_what_lies_behind_a_place_once_more(
    database: Database, webhooks: Webhooks, receiver: Receiver, clock: Clock
) -> None:
    made, _ = await webhooks.create(receiver.url, [], "key:ops")
    await freezes(database, 1, 2, 3)
    await step(database, clock)

    assert await webhooks.replay(made.webhook_id, 1) == 2
    await step(database, clock)
    assert sorted(headers["webhook-id"] for headers, _ in receiver.got) == ["a1", "a2", "a2", "a3", "a3"]


async def test_a_name_that_leads_into_a_private_network_is_not_connected_to(
    database: Database, webhooks: Webhooks, receiver: Receiver, clock: Clock
) -> None:
    made, _ = await webhooks.create(receiver.url.replace("127.0.0.1", "localhost"), [], "key:ops")
    await freezes(database, 1)
    await step(database, clock, allow_private=False)

    assert receiver.got == []
    (delivery,) = await webhooks.deliveries(made.webhook_id, 10)
    assert delivery.last_error == "PrivateAddress"


@pytest.mark.parametrize(
    "url",
    [
        "http://wallet.example/hook",
        "https://127.0.0.1/hook",
        "https://10.1.2.3/hook",
        "https://[::1]/hook",
        "https://[::ffff:10.0.0.1]/hook",
        "https://169.254.169.254/latest",
        "https://localhost/hook",
        "https://metadata.internal/hook",
        "https://user:secret@wallet.example/hook",
        "https://wallet.example:0/hook",
        "https://wallet.example/a b",
        "ftp://wallet.example/hook",
        "https:///hook",
        "https://wallet.example/" + "a" * 3000,
    ],
)
def test_a_url_that_no_webhook_may_have_is_refused_with_the_rule(url: str) -> None:
    with pytest.raises(Malformed, match="the URL of a webhook"):
        check_url(url, allow_private=False)


def test_a_url_on_the_internet_is_taken() -> None:
    check_url("https://hooks.wallet.example:8443/payguard?tenant=1", allow_private=False)


@pytest.mark.parametrize(
    ("address", "public"),
    [("8.8.8.8", True), ("2001:4860:4860::8888", True), ("2002:0a00:0001::1", False), ("224.0.0.1", False)],
)
def test_what_is_on_the_internet_is_told_by_the_registries(address: str, public: bool) -> None:
    assert is_public(address) is public


def test_pauses_grow_differ_by_a_fifth_and_end() -> None:
    pauses: list[Any] = [pause_after(attempts, "a1") for attempts in range(10)]

    assert pauses[-1] is None
    assert all(least <= pause <= least * 1.2 for least, pause in zip(SCHEDULE_S, pauses[:-1], strict=True))


def test_metrics_know_every_kind_of_action() -> None:
    from services.platform.metrics import ACTIONS_WAITING

    known = {sample.labels["kind"] for metric in ACTIONS_WAITING.collect() for sample in metric.samples}
    assert known == set(KINDS)
