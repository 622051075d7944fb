"""An owner who asks is forgotten everywhere, over HTTP and Kafka, and begins anew with the next login."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx
from msgspec import json

from contracts.events import Erasure
from services.audit.audit_log import verify
from services.platform.database import Database
from tests.chaos.evidence import read_topic
from tests.chaos.feed import Feeder
from tests.chaos.stack import Stack
from tests.e2e.conftest import MakeStack
from tests.e2e.decisions import until_decided
from tests.e2e.test_same_event_id import NOW_MS, life
from tests.e2e.test_stopped_and_released import Desk, api_of, held_life, keys_of
from tests.services.rights.filled import dumped

MAIL = "wu@upay.example"
WU = "/v1/accounts/wu"


class Boss(Desk):
    """An administrator, who sees refusals too."""

    async def answer(self, method: str, path: str, **body: Any) -> httpx.Response:
        return await self._client.request(method, path, headers=self._headers, json=body)


async def feed(stack: Stack, account: str, events: list[bytes]) -> None:
    async with Feeder(stack.settings.kafka, stack.settings.topic_events) as feeder:
        for value in events:
            await feeder.put(account.encode(), value)
        await feeder.flush()


async def ended(mei: Desk, bo: Boss) -> None:
    """Support lets wu's payment go; until then the account cannot be erased."""
    await mei.until(f"{WU}/holds", lambda found: found["payments"])
    refused = await bo.answer("POST", f"{WU}/erase", why="he asked")
    assert (refused.status_code, refused.json()["type"]) == (409, "urn:payguard:problem:still_standing")
    await mei.ask("POST", f"{WU}/payments/held/release", why="his new phone")


async def allowed(one: Boss, two: Boss) -> None:
    """One asks, and may not allow it; two allows it."""
    asked = await one.answer("POST", f"{WU}/erase", why="he asked")
    assert asked.status_code == 202
    approve = f"/v1/approvals/{asked.json()['approval_id']}/approve"
    assert (await one.answer("POST", approve)).status_code == 409
    await two.ask("POST", approve)


def known(events: int) -> Callable[[Any], bool]:
    """Whether an export shows that memory and activity have heard of so many events."""
    return lambda told: bool(told["memory"]) and len(told["activity"]) >= events


async def told_to_the_stream(stack: Stack) -> list[str]:
    """The accounts that the topic says to be erased."""
    return [
        json.decode(record.value, type=Erasure).account_id
        async for record in read_topic(stack.settings, stack.settings.topic_events)
        if b'"erasure"' in (record.value or b"")
    ]


async def left(stack: Stack, *words: str) -> list[str]:
    database = Database(stack.settings.database)
    try:
        assert (await verify(database)).broken == []
        return [row for row in await dumped(database) if any(word in row for word in words)]
    finally:
        await database.close()


async def test_an_account_is_erased_by_two_people_and_begins_anew(make_stack: MakeStack) -> None:
    stack = await make_stack()
    await feed(stack, "wu", held_life("wu"))
    await feed(stack, "li", life("li"))
    stack.start_worker(0)
    stack.start_cases()
    stack.start_activity()
    await until_decided(stack, len(held_life("wu")) + len(life("li")))
    keys = await keys_of(stack, mei="support", wallet="contacts", one="admin", two="admin")
    async with api_of(stack) as client:
        mei, one, two = Desk(client, keys["mei"]), Boss(client, keys["one"]), Boss(client, keys["two"])
        wallet = Boss(client, keys["wallet"])
        await wallet.answer("PUT", f"{WU}/contact", email=MAIL)
        await ended(mei, one)
        before = await one.until(f"{WU}/export", known(len(held_life("wu"))))
        await allowed(one, two)
        erased = await one.ask("GET", f"{WU}/erasure")
        await one.until(f"{WU}/export", lambda told: told["memory"] and not told["memory"]["logins"])
        login = {"type": "login", "event_id": "again", "account_id": "wu", "outcome": "success"}
        await feed(stack, "wu", [json.encode({**login, "occurred_at": NOW_MS + 600_000, "device_id": "new"})])
        # Whoever knows the login, which came behind the erasure, has heard of that.
        anew = await one.until(
            f"{WU}/export",
            lambda told: (
                told["memory"]["logins"] and [each["event_id"] for each in told["activity"]] == ["again"]
            ),
        )
        gone = await left(stack, MAIL, "wu-shop", "wu-mule", "his new phone", "he asked")
        others = await one.until("/v1/accounts/li/export", lambda told: told["memory"] and told["freezes"])

    assert before["contacts"][0]["address"] == MAIL
    assert before["memory"]["logins"] > 1
    assert [each["event_id"] for each in before["held_payments"]] == ["held"]
    assert erased["erased_by"] == "key:two"
    assert gone == []
    assert anew["contacts"] == anew["cases"] == []
    assert {each["event_id"] for each in anew["decisions"]} <= {"again"}
    assert (anew["memory"]["logins"], anew["memory"]["payees"]) == (1, 0)
    assert others["memory"]["logins"] > 1
    assert await told_to_the_stream(stack) == ["wu"]
