"""What is stopped has an end: over HTTP and Kafka, a frozen account and a held payment are let go, and the wallet is told."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
from msgspec import json

from contracts.events import Settlement
from services.http.api_keys import ApiKeys
from services.platform.database import Database
from services.platform.embedded import free_port
from tests.chaos.evidence import read_topic
from tests.chaos.feed import Feeder
from tests.chaos.stack import Stack
from tests.e2e.conftest import MakeStack
from tests.e2e.decisions import until_decided
from tests.e2e.test_same_event_id import life
from tests.e2e.turns import InTurn

_KEY = base64.b64encode(b"k" * 32).decode()
WITHIN_S = 120.0


def held_life(account: str) -> list[bytes]:
    """Days at home without a second factor, then a payment from another device that waits for support."""
    *days, _factor, _strange, _reset, stolen = [json.decode(each) for each in life(account)]
    stolen |= {"event_id": "held", "amount": "900.00", "kind": "payment"}
    return [json.encode(each) for each in (*days, stolen)]


class Desk:
    """Requests of one person or program, with a key of its own."""

    def __init__(self, client: httpx.AsyncClient, key: str) -> None:
        self._client = client
        self._headers = {"Authorization": f"Bearer {key}"}

    async def ask(self, method: str, path: str, **body: Any) -> Any:
        answer = await self._client.request(method, path, headers=self._headers, json=body or None)
        assert answer.status_code < 300, answer.text
        return answer.json() if answer.content else None

    async def decided(self, **event: Any) -> Any:
        """Send an event; its decision, however long that takes: what is sent again is answered with the same one."""
        async with asyncio.timeout(WITHIN_S):
            while True:
                answer = await self.ask("POST", "/v1/events?wait=decision&timeout_s=10", **event)
                (result,) = answer["results"]
                assert result["status"] == "accepted"
                if "decision" in result:
                    return result["decision"]

    async def until(self, path: str, wanted: Any) -> Any:
        async with asyncio.timeout(WITHIN_S):
            while True:
                found = await self.ask("GET", path)
                if wanted(found):
                    return found
                await asyncio.sleep(0.1)


@asynccontextmanager
async def api_of(stack: Stack) -> AsyncIterator[httpx.AsyncClient]:
    port = free_port()
    stack.start_api(http_port=port, factor_key=f"1:{_KEY}", grant_key=f"1:{_KEY}")
    url = f"http://127.0.0.1:{port}"
    async with httpx.AsyncClient(base_url=url, timeout=60.0, transport=InTurn()) as client:
        async with asyncio.timeout(WITHIN_S):
            while True:
                try:
                    if (await client.get("/readyz")).status_code == 200:
                        break
                except httpx.TransportError:
                    pass
                await asyncio.sleep(0.1)
        yield client


async def keys_of(stack: Stack, **scopes: str) -> dict[str, str]:
    database = Database(stack.settings.database)
    keys = ApiKeys(database)
    made = {name: (await keys.create(name, scope.split()))[0] for name, scope in scopes.items()}
    await keys.close()
    await database.close()
    return made


async def lived(stack: Stack) -> int:
    """Have both lives decided and carried out; how many events that were."""
    lives = {"li": life("li"), "wu": held_life("wu")}
    async with Feeder(stack.settings.kafka, stack.settings.topic_events) as feeder:
        for account, events in lives.items():
            for value in events:
                await feeder.put(account.encode(), value)
        await feeder.flush()
    stack.start_worker(0)
    stack.start_cases()
    told = sum(map(len, lives.values()))
    await until_decided(stack, told)
    return told


async def let_go(mei: Desk, bo: Desk) -> None:
    """Two people unfreeze li, one lets wu's payment go."""
    await mei.until("/v1/accounts/li/holds", lambda found: found["frozen"])
    held = await mei.until("/v1/accounts/wu/holds", lambda found: found["payments"])
    assert [(each["amount"], each["state"]) for each in held["payments"]] == [("900.00", "held")]
    asked = await mei.ask("POST", "/v1/accounts/li/unfreeze", why="spoke to him, factor bound anew")
    await bo.ask("POST", f"/v1/approvals/{asked['approvals'][0]['approval_id']}/approve")
    released = await mei.ask("POST", "/v1/accounts/wu/payments/held/release", why="his new phone")
    assert (released["state"], released["settled_by"]) == ("released", "key:mei")


async def carried_out(wallet: Desk) -> list[tuple[str, str]]:
    """The wallet does all it is told, and says so; account and kind of each action."""
    ends = {"freeze", "unfreeze", "release_payment"}
    feed = await wallet.until(
        "/v1/actions", lambda found: ends <= {each["kind"] for each in found["actions"]}
    )
    for action in feed["actions"]:
        await wallet.ask("POST", f"/v1/actions/{action['action_id']}/result", result="done")
    after = await wallet.ask("GET", "/v1/actions")
    assert {each["result"] for each in after["actions"]} == {"done"}
    return [(each["account_id"], each["kind"]) for each in feed["actions"]]


async def test_a_frozen_account_and_a_held_payment_are_let_go_and_the_wallet_acknowledges(
    make_stack: MakeStack,
) -> None:
    stack = await make_stack()
    told = await lived(stack)
    keys = await keys_of(stack, mei="support", bo="support", wallet="actions")
    async with api_of(stack) as client:
        mei, bo, wallet = (Desk(client, keys[name]) for name in ("mei", "bo", "wallet"))
        await let_go(mei, bo)
        actions = await carried_out(wallet)
        holds = await mei.ask("GET", "/v1/accounts/li/holds")
        decision = await mei.ask("GET", "/v1/decisions/held?account_id=wu")

    assert holds["frozen"] is None
    assert (decision["action"], decision["settlement"]["state"]) == ("hold", "released")
    assert actions.count(("li", "freeze")) == actions.count(("li", "unfreeze")) == 1
    assert ("wu", "release_payment") in actions
    # The stream hears of both ends, under PayGuard's own signature.
    await until_decided(stack, told + 2)
    ends = [
        json.decode(record.value, type=Settlement)
        async for record in read_topic(stack.settings, stack.settings.topic_events)
        if b'"settlement"' in (record.value or b"")
    ]
    assert sorted((end.account_id, end.settles, end.outcome, end.about_event_id) for end in ends) == [
        ("li", "account", "released", "stolen"),
        ("wu", "payment", "released", "held"),
    ]
