"""docs/integrate.md and docs/examples/wallet.py against a running PayGuard: each does, and is answered, what it says."""

from __future__ import annotations

import asyncio
import os
import re
import sys
import time
from asyncio.subprocess import PIPE, Process
from pathlib import Path
from typing import Any, NamedTuple

from msgspec import json
from standardwebhooks import Webhook as Verifier

from services.platform.settings import Settings
from tests.chaos.feed import Feeder
from tests.chaos.stack import Stack, environment_of
from tests.e2e.conftest import MakeStack
from tests.e2e.decisions import until_decided
from tests.e2e.test_not_me_at_once import report
from tests.e2e.test_stopped_and_released import WITHIN_S, Desk, api_of, held_life, keys_of
from tests.services.wallet.test_webhooks import Receiver, receiver  # noqa: F401  found here by the tests

DOCS = Path(__file__).parents[2] / "docs"
EXAMPLE = DOCS / "examples" / "wallet.py"
PAGE = (DOCS / "integrate.md").read_text(encoding="utf-8")
_BLOCK = re.compile(r"^```sh\n(.*?)^```\n(?:\n```json\n(.*?)^```\n)?", re.S | re.M)
#: The page starts a dozen programs, one after another.
PAGE_S = 200.0
_BETWEEN = "\x1e"


class Block(NamedTuple):
    """A block of the page, and what the page says that it answers, if it does."""

    text: str
    answer: str


def blocks(page: str) -> list[Block]:
    return [Block(*found) for found in _BLOCK.findall(page)]


def holds(found: Any, shown: Any) -> bool:
    """Whether an answer has what is shown of it; `...` is any text."""
    if isinstance(shown, dict):
        return isinstance(found, dict) and all(
            name in found and holds(found[name], part) for name, part in shown.items()
        )
    if isinstance(shown, list):
        return len(found) >= len(shown) and all(any(holds(each, part) for each in found) for part in shown)
    return bool(found == shown or (shown == "..." and isinstance(found, str) and found))


async def started(make_stack: MakeStack, **more: Any) -> Stack:
    """A stack whose worker has decided an event already: from here on it answers within its time."""
    stack: Stack = await make_stack(**more)
    stack.start_worker(0)
    stack.start_cases()
    stack.start_activity()
    first = {"type": "login", "event_id": "first", "account_id": "nobody", "outcome": "success"}
    async with Feeder(stack.settings.kafka, stack.settings.topic_events) as feeder:
        await feeder.put(b"nobody", json.encode(first | {"occurred_at": int(time.time() * 1000)}))
        await feeder.flush()
    await until_decided(stack, 1)
    return stack


async def ran(stack: Stack, found: list[Block]) -> list[str]:
    """What each block printed, run by one shell in which `payguard` is the one that is tried here."""
    text = "".join(f"{block.text}printf '{_BETWEEN}'\n" for block in found)
    environment = environment_of(stack.settings)
    environment["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{environment['PATH']}"
    shell = await asyncio.create_subprocess_exec(
        "bash", "-eu", "-o", "pipefail", "-c", text, env=environment, stdout=PIPE, stderr=PIPE
    )
    out, errors = await asyncio.wait_for(shell.communicate(), PAGE_S)
    printed = out.decode().split(_BETWEEN)
    assert shell.returncode == 0, f"{errors.decode()}\nafter:\n{found[len(printed) - 1].text}\n{printed[-1]}"
    return printed[:-1]


async def test_every_block_of_the_page_is_answered_as_the_page_says(
    make_stack: MakeStack,
    receiver: Receiver,  # noqa: F811
) -> None:
    stack = await started(make_stack, policy=Settings().policy, webhook_private_networks=True)
    async with api_of(stack) as client:
        page = PAGE.replace("http://localhost:8080", str(client.base_url).rstrip("/"))
        found = blocks(page.replace("https://wallet.example/payguard", receiver.url))
        printed = await ran(stack, found)
        async with asyncio.timeout(WITHIN_S):
            while len(receiver.got) < 7:  # noqa: ASYNC110  the sender sends them
                await asyncio.sleep(0.05)

    assert len(found) == PAGE.count("```sh\n")
    assert sum(bool(block.answer) for block in found) == PAGE.count("```json\n")
    for block, answer in zip(found, printed, strict=True):
        if block.answer:
            assert holds(json.decode(answer), json.decode(block.answer)), f"{block.text}\n{answer}"
    (secret,) = re.findall(r"whsec_[^\"]+", "".join(printed))
    sent = [Verifier(secret).verify(body, headers)["type"] for headers, body in receiver.got]
    assert sorted(sent) == sorted(
        f"action.{kind}"
        for kind in (
            *("release_payment", "freeze", "revoke_sessions", "forget_device", "unfreeze"),
            *("revoke_device", "forget_device"),
        )
    )


async def line_of(wallet: Process, wanted: str) -> None:
    """Read on until the example has printed this line."""
    assert wallet.stdout is not None
    async with asyncio.timeout(WITHIN_S):
        read: list[bytes] = []
        while (line := await wallet.stdout.readline()) != f"{wanted}\n".encode():
            read.append(line)
            assert line, f"it ended without {wanted!r}: {read}"


async def test_the_example_asks_obeys_follows_and_acknowledges(make_stack: MakeStack) -> None:
    stack = await started(make_stack)
    keys = await keys_of(stack, mei="support", owner="report", wallet="ingest actions")
    async with api_of(stack) as client:
        wallet = await asyncio.create_subprocess_exec(
            sys.executable,
            str(EXAMPLE),
            str(client.base_url),
            env={**os.environ, "WALLET_KEY": keys["wallet"]},
            stdin=PIPE,
            stdout=PIPE,
        )
        try:
            await wallet_story(wallet, Desk(client, keys["mei"]), Desk(client, keys["owner"]))
        finally:
            wallet.terminate()
            await wallet.wait()
        feed = await Desk(client, keys["wallet"]).ask("GET", "/v1/actions")

    assert {each["kind"]: each["result"] for each in feed["actions"] if each["account_id"] == "wu"} == {
        "release_payment": "done",
        "freeze": "done",
        "revoke_sessions": "done",
    }


async def wallet_story(wallet: Process, mei: Desk, owner: Desk) -> None:
    """A payment is held and let go, then the owner says that it was not him; the example tells of each."""
    assert wallet.stdin is not None
    wallet.stdin.write(b"".join(line + b"\n" for line in held_life("wu")))
    wallet.stdin.write_eof()
    await line_of(wallet, "held: waits")
    await mei.until("/v1/accounts/wu/holds", lambda found: found["payments"])
    await mei.ask("POST", "/v1/accounts/wu/payments/held/release", why="his new phone")
    await line_of(wallet, "release_payment wu: done")
    await owner.ask("POST", "/v1/events", **json.decode(report("wu", int(time.time() * 1000))))
    await line_of(wallet, "freeze wu: done")
    await line_of(wallet, "revoke_sessions wu: done")


def test_the_example_has_at_most_seventy_lines() -> None:
    assert len(EXAMPLE.read_text(encoding="utf-8").splitlines()) <= 70
