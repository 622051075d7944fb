"""From stopped back to ordinary, over HTTP: a victim is let go, an honest payment too, and owners' words do what they say."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import httpx
import pytest
from msgspec import json

from services.mfa import totp
from tests.chaos.feed import Feeder
from tests.chaos.stack import JUMPY_POLICY, Stack
from tests.e2e.conftest import MakeStack
from tests.e2e.decisions import until_decided
from tests.e2e.test_same_event_id import life
from tests.e2e.test_stopped_and_released import Desk, api_of, held_life, keys_of

HOME = {"device_id": "li-phone", "ip": "192.0.2.1"}
THERE = {"device_id": "wu-strange", "ip": "203.0.113.9"}


def now_ms() -> int:
    return int(time.time() * 1000)


def ago(events: Sequence[bytes], seconds: float = 120.0) -> list[bytes]:
    """The same life, told so that it ended so long ago."""
    read = [json.decode(each) for each in events]
    later = now_ms() - int(seconds * 1000) - max(each["occurred_at"] for each in read)
    return [json.encode(each | {"occurred_at": each["occurred_at"] + later}) for each in read]


@pytest.fixture
def strict(tmp_path: Path) -> Path:
    """The stack's policy with the steps of the default one."""
    path = tmp_path / "strict.toml"
    text = JUMPY_POLICY.read_text()
    path.write_text(text.replace("steps = []", 'steps = ["factor", "password"]'))
    return path


async def lived(stack: Stack, lives: dict[str, list[bytes]]) -> int:
    """Have the lives decided and carried out; how many events that were."""
    async with Feeder(stack.settings.kafka, stack.settings.topic_events) as feeder:
        for account, events in lives.items():
            for value in events:
                await feeder.put(account.encode(), value)
        await feeder.flush()
    stack.start_worker(0)
    stack.start_cases()
    stack.start_activity()
    told = sum(map(len, lives.values()))
    await until_decided(stack, told)
    return told


class Wallet(Desk):
    """The wallet's backend; it acknowledges each action that it is told of."""

    async def does(self, wanted: Callable[[list[dict[str, Any]]], bool]) -> list[tuple[str, str]]:
        """Read and acknowledge until the actions are these; account and kind of each."""
        feed = await self.until("/v1/actions", lambda found: wanted(found["actions"]))
        for action in feed["actions"]:
            await self.ask("POST", f"/v1/actions/{action['action_id']}/result", result="done")
        return [(each["account_id"], each["kind"]) for each in feed["actions"]]

    async def event(self, kind: str, event_id: str, account: str, **fields: Any) -> Any:
        """Send an event that happens now, and its decision."""
        event = {"type": kind, "event_id": event_id, "account_id": account, "occurred_at": now_ms()}
        return await self.decided(**event, **fields)

    async def enrolled(self, account: str, **whence: str) -> str:
        """The secret of a factor that the account's owner enrols."""
        path = f"/v1/accounts/{account}/totp"
        made = await self.ask("POST", path, proved_at=now_ms(), **whence)
        confirmed = await self.ask("POST", f"{path}/confirm", code=code(made["secret"]), **whence)
        assert confirmed["result"] == "confirmed"
        return str(made["secret"])


def code(secret: str, ahead: int = 0) -> str:
    return totp.code_of(secret, totp.step_at(time.time()) + ahead)


async def refused(client: httpx.AsyncClient, key: str, path: str, **body: Any) -> Any:
    answer = await client.post(path, headers={"Authorization": f"Bearer {key}"}, json=body)
    assert answer.status_code == 409, answer.text
    return answer.json()


async def of_fraud(mei: Desk) -> list[dict[str, Any]]:
    """Close the case as fraud; the acts that are offered then."""
    (case,) = (await mei.until("/v1/cases?account_id=li", lambda found: found["cases"]))["cases"]
    await mei.ask("POST", f"/v1/cases/{case['case_id']}/assign", assignee="mei")
    await mei.ask("POST", f"/v1/cases/{case['case_id']}/resolve", verdict="fraud", note="it was a thief")
    shown = await mei.ask("GET", f"/v1/cases/{case['case_id']}")
    acts: list[dict[str, Any]] = shown["acts"]
    return acts


async def test_a_victim_whose_case_is_fraud_is_let_go_and_pays_again(
    make_stack: MakeStack, strict: Path
) -> None:
    stack = await make_stack(policy=strict)
    await lived(stack, {"li": ago(life("li"))})
    keys = await keys_of(stack, mei="support", bo="support", wallet="ingest verify actions report contacts")
    async with api_of(stack) as client:
        mei, bo, wallet = Desk(client, keys["mei"]), Desk(client, keys["bo"]), Wallet(client, keys["wallet"])
        await mei.until("/v1/accounts/li/holds", lambda found: found["frozen"])
        acts = {each["act"]: each for each in await of_fraud(mei)}
        early = await refused(client, keys["mei"], "/v1/accounts/li/unfreeze", why="she called")
        frozen = await wallet.event(
            "transaction", "too-early", "li", amount="20.00", currency="CNY", payee_id="li-shop", **HOME
        )
        await wallet.enrolled("li", **HOME)
        await wallet.event("account_change", "new-password", "li", change="password_change", **HOME)
        await mei.until("/v1/accounts/li/holds", lambda found: not found["frozen"]["missing"])
        asked = await mei.ask("POST", "/v1/accounts/li/unfreeze", why="seen in person")
        approved = await bo.ask("POST", f"/v1/approvals/{asked['approvals'][0]['approval_id']}/approve")
        done = await wallet.does(lambda actions: "unfreeze" in {each["kind"] for each in actions})
        after = await mei.ask("GET", "/v1/accounts/li/holds")
        await until_decided(stack, len(life("li")) + 5)
        paid = await wallet.event(
            "transaction", "again", "li", amount="20.00", currency="CNY", payee_id="li-shop", **HOME
        )

    assert (acts["unfreeze"]["may"], acts["unfreeze"]["missing"]) == (False, ["factor", "password"])
    assert acts["unfreeze"]["second_person"]
    assert "fraud" in acts["unfreeze"]["verdicts"]
    assert early["missing"] == ["factor", "password"]
    assert frozen["action"] == "deny"
    assert approved["decision"] == "approved"
    assert done.count(("li", "freeze")) == done.count(("li", "unfreeze")) == 1
    assert after["frozen"] is None
    assert (paid["action"], paid.get("effects", [])) == ("allow", [])


async def test_a_held_payment_that_its_owner_confirms_in_a_session_is_let_go_and_learned(
    make_stack: MakeStack,
) -> None:
    stack = await make_stack()
    told = await lived(stack, {"wu": ago(held_life("wu"))})
    keys = await keys_of(stack, mei="support", wallet="ingest verify actions report")
    async with api_of(stack) as client:
        mei, wallet = Desk(client, keys["mei"]), Wallet(client, keys["wallet"])
        await mei.until("/v1/accounts/wu/holds", lambda found: found["payments"])
        about = {"about_event_id": "held", "verdict": "was_me"}
        await wallet.event("user_report", "by-mail", "wu", proof="link", **about)
        linked = await mei.ask("GET", "/v1/accounts/wu/holds")
        await wallet.event("user_report", "signed-in", "wu", proof="session", **about)
        done = await wallet.does(lambda actions: "release_payment" in {each["kind"] for each in actions})
        decision = await mei.ask("GET", "/v1/decisions/held?account_id=wu")
        await until_decided(stack, told + 3)
        again = await wallet.event(
            "transaction", "next", "wu", amount="21.00", currency="CNY", payee_id="wu-mule", **THERE
        )

    assert [each["event_id"] for each in linked["payments"]] == ["held"]
    assert done.count(("wu", "release_payment")) == 1
    assert decision["settlement"]["state"] == "released"
    assert decision["settlement"]["settled_by"] == "owner"
    assert "new_payee" not in {each["detector"] for each in again.get("findings", [])}
    assert "new_device" not in {each["detector"] for each in again.get("findings", [])}


async def test_an_honest_payment_that_support_lets_go_is_acknowledged_told_and_learned(
    make_stack: MakeStack,
) -> None:
    stack = await make_stack()
    told = await lived(stack, {"wu": ago(held_life("wu"))})
    keys = await keys_of(stack, mei="support", wallet="ingest actions")
    async with api_of(stack) as client:
        mei, wallet = Desk(client, keys["mei"]), Wallet(client, keys["wallet"])
        await mei.until("/v1/accounts/wu/holds", lambda found: found["payments"])
        await mei.ask("POST", "/v1/accounts/wu/payments/held/release", why="his new phone")
        done = await wallet.does(lambda actions: "release_payment" in {each["kind"] for each in actions})
        feed = await wallet.ask("GET", "/v1/actions")
        decision = await mei.ask("GET", "/v1/decisions/held?account_id=wu")
        await until_decided(stack, told + 1)
        again = await wallet.event(
            "transaction", "next", "wu", amount="21.00", currency="CNY", payee_id="wu-mule", **THERE
        )

    assert ("wu", "release_payment") in done
    assert {each["result"] for each in feed["actions"]} == {"done"}
    assert (decision["settlement"]["state"], decision["settlement"]["settled_by"]) == ("released", "key:mei")
    assert "new_payee" not in {each["detector"] for each in again.get("findings", [])}


async def test_a_not_me_is_taken_back_with_a_code_and_the_owner_pays(make_stack: MakeStack) -> None:
    stack = await make_stack()
    days = ago(life("li")[:-4])
    told = await lived(stack, {"li": days})
    keys = await keys_of(stack, mei="support", wallet="ingest verify actions report")
    async with api_of(stack) as client:
        mei, wallet = Desk(client, keys["mei"]), Wallet(client, keys["wallet"])
        secret = await wallet.enrolled("li", **HOME)
        about = json.decode(days[-1])["event_id"]
        said = {"about_event_id": about, "verdict": "not_me", "proof": "session"}
        await wallet.event("user_report", "mistake", "li", **said)
        frozen = await mei.until("/v1/accounts/li/holds", lambda found: found["frozen"])
        await mei.until("/v1/cases?account_id=li", lambda found: found["cases"])
        undone = await wallet.ask(
            "POST", "/v1/accounts/li/reports/mistake/undo", code=code(secret, ahead=1), **HOME
        )
        done = await wallet.does(lambda actions: "unfreeze" in {each["kind"] for each in actions})
        (case,) = (await mei.ask("GET", "/v1/cases?account_id=li"))["cases"]
        await until_decided(stack, told + 4)
        paid = await wallet.event(
            "transaction", "again", "li", amount="20.00", currency="CNY", payee_id="li-shop", **HOME
        )

    assert frozen["frozen"]["placed_by"] == "owner"
    assert (undone["result"], undone["unfrozen"], undone["frozen_still"]) == ("undone", True, False)
    assert (undone["case_withdrawn"], case["verdict"]) == (True, "withdrawn")
    kinds = ("forget_device", "freeze", "revoke_sessions", "unfreeze")
    assert sorted(done) == [("li", kind) for kind in kinds]
    assert paid["action"] == "allow"
