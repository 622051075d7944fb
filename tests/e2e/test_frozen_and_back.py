"""A victim's account is frozen: a thief's further tries are refused in silence, and the owner pays again after the release."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

from msgspec import json
from sqlalchemy import func, select

from services.cases.tables import alerts, case_entries, cases, notices, outbox, recorded_decisions
from services.platform.database import Database
from tests.chaos.feed import Feeder
from tests.chaos.stack import Stack
from tests.e2e.conftest import MakeStack
from tests.e2e.decisions import until_decided
from tests.e2e.test_same_event_id import life
from tests.e2e.test_stopped_and_released import Desk, api_of, keys_of

AGO_MS = 600_000
TRIES = 3
WITHIN_S = 120.0


def payment(name: str, owner: bool, **fields: Any) -> dict[str, Any]:
    """Now, by the owner at home to the shop, or by the thief to the mule."""
    device, ip, payee = ("phone", "192.0.2.1", "shop") if owner else ("strange", "203.0.113.9", "mule")
    told = {
        "type": "transaction",
        "event_id": name,
        "account_id": "li",
        "occurred_at": int(time.time() * 1000),
        "device_id": f"li-{device}",
        "ip": ip,
        "amount": "20.00",
        "currency": "CNY",
        "payee_id": f"li-{payee}",
    }
    return told | fields


class Story:
    """The stack, its API, the wallet's backend and two people of support."""

    def __init__(self, stack: Stack, wallet: Desk, mei: Desk, bo: Desk) -> None:
        self.stack, self.wallet, self.mei, self.bo = stack, wallet, mei, bo
        self.decided = 0

    async def over_kafka(self, events: Sequence[bytes]) -> None:
        """Send them and have them decided."""
        async with Feeder(self.stack.settings.kafka, self.stack.settings.topic_events) as feeder:
            for value in events:
                await feeder.put(b"li", value)
            await feeder.flush()
        self.decided += len(events)
        await until_decided(self.stack, self.decided)

    async def over_http(self, **event: Any) -> Any:
        """Send one and wait for its decision."""
        decision = await self.wallet.decided(**event)
        self.decided += 1
        return decision

    async def carried_out(self, event_id: str) -> Counter[str]:
        """Rows of what people are told and asked, and actions, once the decision on the event is recorded."""
        database = Database(self.stack.settings.database)
        this = select(recorded_decisions.c.event_id).where(recorded_decisions.c.event_id == event_id)
        rows: Counter[str] = Counter()
        try:
            async with asyncio.timeout(WITHIN_S):
                while not rows:
                    async with database.read() as connection:
                        if await connection.scalar(this) is None:
                            await asyncio.sleep(0.1)
                            continue
                        for table in (alerts, cases, case_entries, notices):
                            counted = select(func.count()).select_from(table)
                            rows[table.name] = int(await connection.scalar(counted) or 0)
                        sent = select(outbox.c.payload).where(outbox.c.kind == "action")
                        for payload in (await connection.execute(sent)).scalars():
                            rows[json.decode(payload)["kind"]] += 1
            return rows
        finally:
            await database.close()

    async def let_in_again(self) -> None:
        """Support calls it fraud, and two people let the owner in again; the stream has heard of it."""
        (case,) = (await self.mei.ask("GET", "/v1/cases"))["cases"]
        path = f"/v1/cases/{case['case_id']}"
        await self.mei.ask("POST", f"{path}/assign", assignee="mei")
        entries = (await self.mei.ask("GET", path))["history"]
        await self.mei.ask("POST", f"{path}/resolve", verdict="fraud", note="the owner was at home")
        asked = await self.mei.ask("POST", "/v1/accounts/li/unfreeze", why="spoke to him, factor bound anew")
        await self.bo.ask("POST", f"/v1/approvals/{asked['approvals'][0]['approval_id']}/approve")
        labels = len({entry["event_id"] for entry in entries if entry["event_id"]})
        self.decided += labels + 1
        await until_decided(self.stack, self.decided)


@asynccontextmanager
async def frozen(make_stack: MakeStack) -> AsyncIterator[Story]:
    """Days at home, then a thief whose payment is refused."""
    stack: Stack = await make_stack()
    stack.start_worker(0)
    stack.start_cases()
    keys = await keys_of(stack, wallet="ingest report", mei="support", bo="support")
    async with api_of(stack) as client:
        story = Story(stack, *(Desk(client, keys[name]) for name in ("wallet", "mei", "bo")))
        await story.over_kafka(life("li", int(time.time() * 1000) - AGO_MS))
        await story.mei.until("/v1/accounts/li/holds", lambda found: found["frozen"])
        yield story


def _said(decision: Any) -> tuple[str, str]:
    return decision["action"], decision["findings"][0]["reason"]


async def test_over_http_a_thief_is_refused_in_silence_and_the_owner_pays_again_after_the_release(
    make_stack: MakeStack,
) -> None:
    async with frozen(make_stack) as story:
        before = await story.carried_out("stolen")
        tries = [await story.over_http(**payment(f"try{number}", owner=False)) for number in range(TRIES)]
        own = await story.over_http(**payment("own", owner=True))
        found = await story.wallet.ask("GET", "/v1/decisions/own?account_id=li&explain=zh-CN")
        after = await story.carried_out("own")
        await story.let_in_again()
        back = await story.over_http(**payment("back", owner=True))
        holds = await story.mei.ask("GET", "/v1/accounts/li/holds")

    for decision in (*tries, own, found):
        assert _said(decision) == ("deny", "account_frozen")
        assert "effects" not in decision
    assert "账户已冻结" in found["sentences"][0]
    assert after == before
    assert (before["freeze"], before["cases"]) == (1, 1)
    assert holds["frozen"] is None
    assert (back["action"], back.get("findings", []), back.get("effects", [])) == ("allow", [], []), back


async def test_over_kafka_a_thief_is_refused_and_the_decision_can_be_asked_for(make_stack: MakeStack) -> None:
    async with frozen(make_stack) as story:
        before = await story.carried_out("stolen")
        await story.over_kafka([json.encode(payment("try", owner=False))])
        after = await story.carried_out("try")
        found = await story.wallet.ask("GET", "/v1/decisions/try?account_id=li&explain=en")

    assert _said(found) == ("deny", "account_frozen")
    assert "The account has been frozen for" in found["sentences"][0]
    assert after == before


async def test_a_wallet_that_pays_all_the_same_is_reported_in_the_case_that_is_open(
    make_stack: MakeStack,
) -> None:
    async with frozen(make_stack) as story:
        before = await story.carried_out("stolen")
        gone = await story.over_http(**payment("gone", owner=False, status="completed"))
        after = await story.carried_out("gone")

    assert _said(gone) == ("deny", "paid_while_frozen")
    assert after - before == Counter(alerts=1, case_entries=1)


async def test_a_second_word_of_the_owner_ends_sessions_and_freezes_nothing_twice(
    make_stack: MakeStack,
) -> None:
    async with frozen(make_stack) as story:
        before = await story.carried_out("stolen")
        word = {"type": "user_report", "event_id": "word", "account_id": "li", "verdict": "not_me"}
        said = await story.over_http(**word, occurred_at=int(time.time() * 1000), about_event_id="stolen")
        after = await story.carried_out("word")

    assert [effect["kind"] for effect in said["effects"]] == ["revoke_sessions", "raise_alert", "open_case"]
    assert after - before == Counter(alerts=1, case_entries=1, revoke_sessions=1)
