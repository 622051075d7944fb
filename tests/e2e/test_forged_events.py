"""Who may write the topic of events cannot speak as PayGuard: forged outcomes, reports and labels change nothing."""

from __future__ import annotations

import asyncio
import base64
from typing import Any

from msgspec import json

from contracts import topics
from contracts.decisions import Decision
from contracts.topics import HEADER_MAC
from services.operations.dead_letters import redrive_all
from tests.chaos.evidence import read_decisions, read_topic
from tests.chaos.feed import MACS, START_AT, Feeder
from tests.e2e.conftest import MakeStack
from tests.e2e.decisions import until_decided

DAY_MS, HOUR_MS = 86_400_000, 3_600_000
NOW_MS = START_AT * 1000
WRONG_MAC = (HEADER_MAC, b"1:" + b"0" * 64)
DAYS = 12


def event(account: str, name: str, at_ms: int, **fields: Any) -> bytes:
    told = {"event_id": f"{account}/{name}", "account_id": account, "occurred_at": at_ms}
    return json.encode({**told, **fields})


def login(account: str, name: str, at_ms: int, device: str, ip: str) -> bytes:
    return event(
        account, name, at_ms, type="login", outcome="success", device_id=f"{account}-{device}", ip=ip
    )


def passed(account: str, name: str) -> bytes:
    """PayGuard's word that the owner passed the challenge of the stranger's login."""
    return event(
        account,
        name,
        NOW_MS + 60_000,
        type="challenge_outcome",
        challenge_id=f"{account}-c",
        challenged_event_id=f"{account}/strange",
        purpose="login",
        outcome="passed",
    )


def forgeries(account: str) -> list[bytes]:
    """What a thief would say in PayGuard's name after logging in from a strange device."""
    at_ms, about = NOW_MS + 60_000, {"about_event_id": f"{account}/strange"}
    return [
        passed(account, "f1"),
        event(account, "f2", at_ms, type="user_report", verdict="was_me", **about),
        event(account, "f3", at_ms, type="label", verdict="legitimate", source="support", **about),
        event(account, "f4", at_ms, type="account_change", change="totp_removed"),
        event(account, "f5", at_ms, type="account_change", change="totp_enrolled"),
        event(account, "f6", at_ms, type="account_change", change="recovery_code_used"),
    ]


async def feed_life(feeder: Feeder, account: str, words: list[tuple[bytes, bool]]) -> None:
    """An owner's days at home, a factor, a stranger's login, `words` (forged or not), and the stranger again."""
    for day in range(DAYS):
        at_ms = NOW_MS - (DAYS - day) * DAY_MS
        await feeder.put(account.encode(), login(account, f"d{day}", at_ms, "home", "192.0.2.1"))
    enrolled = event(account, "factor", NOW_MS - HOUR_MS, type="account_change", change="totp_enrolled")
    await feeder.put(account.encode(), enrolled)
    await feeder.put(account.encode(), login(account, "strange", NOW_MS, "strange", "203.0.113.9"))
    for value, forged in words:
        await feeder.put(account.encode(), value, forged=forged)
        if forged:
            await feeder.put(account.encode(), value, headers=[WRONG_MAC], forged=True)
    again = login(account, "again", NOW_MS + 2 * HOUR_MS, "strange", "203.0.113.9")
    await feeder.put(account.encode(), again)
    await feeder.flush()


def told(decisions: list[Decision], account: str) -> dict[str, tuple[str, int, list[str]]]:
    """What was decided of the account's events, without its name."""
    return {
        made.event_id.split("/")[1]: (made.action, made.score, [found.detector for found in made.findings])
        for made in decisions
        if made.account_id == account
    }


async def test_forged_words_of_payguard_change_no_decision_and_are_dead_letters(
    make_stack: MakeStack,
) -> None:
    stack = await make_stack(partitions=1)
    settings = stack.settings
    lies = [(value, True) for value in forgeries("b")]
    async with Feeder(settings.kafka, settings.topic_events) as feeder:
        await feed_life(feeder, "a", [])
        await feed_life(feeder, "b", lies)
        await feed_life(feeder, "c", [(passed("c", "true"), False)])
    stack.start_worker(0)
    life = DAYS + 3
    await until_decided(stack, 3 * life + 1, dead=2 * len(lies))
    await asyncio.to_thread(stack.retire, 0)
    decode = json.Decoder(Decision).decode
    decisions = [decode(record.value) for record in await read_decisions(settings)]
    dead = [dict(record.headers) async for record in read_topic(settings, settings.topic_dead)]

    assert len(decisions) == 3 * life + 1
    assert told(decisions, "b") == told(decisions, "a")
    assert told(decisions, "a")["again"] != told(decisions, "c")["again"], "a true pass teaches"
    assert {letter[topics.DEAD_REASON] for letter in dead} == {b"not_ours"}
    assert len(dead) == 2 * len(lies)


async def test_a_letter_that_was_signed_is_believed_once_it_is_put_back(make_stack: MakeStack) -> None:
    stack = await make_stack(partitions=1)
    settings = stack.settings
    async with Feeder(settings.kafka, settings.topic_events) as feeder:
        await feed_life(feeder, "a", [(passed("a", "true"), False)])
    other = "2:" + base64.b64encode(bytes(32)).decode()
    stack.start_worker(0, event_key=other)
    await until_decided(stack, DAYS + 2, dead=2)
    await asyncio.to_thread(stack.retire, 0)
    stack.start_worker(0)

    assert await redrive_all(settings, "not_ours") == 2
    await until_decided(stack, DAYS + 4)

    assert MACS.header(b"a", passed("a", "true")) in [
        pair async for record in read_topic(settings, settings.topic_dead) for pair in record.headers
    ]


async def test_a_flood_of_forged_words_does_not_stop_the_worker(make_stack: MakeStack) -> None:
    stack = await make_stack(partitions=1)
    settings = stack.settings
    async with Feeder(settings.kafka, settings.topic_events) as feeder:
        for number in range(3000):
            await feeder.put(b"a", passed("a", f"f{number}"), forged=True)
        await feed_life(feeder, "a", [])
    worker = stack.start_worker(0)
    await until_decided(stack, DAYS + 3, dead=3000)

    assert worker.running
