"""Memory that was lost is said in decisions, seen by the operator, and built again as it was."""

from __future__ import annotations

import asyncio
import time

import msgspec
import pytest
from msgspec import json
from typer.testing import CliRunner

from contracts.errors import Malformed
from contracts.profile import Profile
from services.cli.main import app
from services.lab.simulate.simulate import Simulation, simulate
from services.lab.simulate.stories import stories_named
from services.memory.codec import unpack
from services.memory.redis_client import ask, connect
from services.operations.account_healing import heal_account
from services.operations.memory_care import rebuild_memory, standing_of
from services.platform.settings import PREFIX
from tests.chaos.evidence import read_decisions, read_memory
from tests.chaos.feed import START_AT, Feeder, Row
from tests.chaos.stack import Stack, environment_of
from tests.e2e.conftest import MakeStack
from tests.e2e.decisions import until_decided
from tests.e2e.test_same_event_id import life


def some_rows() -> list[Row]:
    played = simulate(Simulation(10, 4, 5, START_AT, stories_named("none")))
    return [(each.event.account_id.encode(), each.wire()) for each in played]


async def work_through(stack: Stack, rows: list[Row], distinct: int) -> None:
    stack.start_worker(0)
    async with Feeder(stack.settings.kafka, stack.settings.topic_events) as feeder:
        await feeder.send(rows)
        await until_decided(stack, distinct)
    await asyncio.to_thread(stack.retire, 0)


async def flush(stack: Stack) -> None:
    client = connect(stack.settings.redis)
    await ask(client, "FLUSHDB")
    await client.aclose()


async def test_lost_memory_is_said_and_seen_and_built_again_as_it_was(
    make_stack: MakeStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = some_rows()
    half = len(rows) // 2
    stack = await make_stack()
    await work_through(stack, rows[:half], half)
    assert {each.standing for each in await standing_of(stack.settings)} <= {"whole", "unused"}
    owned = set(await read_memory(stack.settings))
    await flush(stack)
    lost = {each.partition for each in await standing_of(stack.settings) if each.standing == "lost"}
    await work_through(stack, rows[half:], len(rows))
    decisions = [json.decode(each.value) for each in await read_decisions(stack.settings)]
    said = {each["event_id"] for each in decisions if "memory_lost" in each.get("states", ())}

    assert lost
    assert len(said) == len(rows) - half
    with_flush = await read_memory(stack.settings)
    owned |= set(with_flush)
    for name, value in environment_of(stack.settings).items():
        if name.startswith(PREFIX):
            monkeypatch.setenv(name, value)
    told = await asyncio.to_thread(CliRunner().invoke, app, ["admin", "memory", "status"])
    assert told.exit_code == 1
    assert "lost" in told.stdout

    done = await rebuild_memory(stack.settings, lambda read: None, workers_stopped=True)

    assert done.events == len(rows)
    assert {each.standing for each in await standing_of(stack.settings)} <= {"whole", "unused"}
    rebuilt = await read_memory(stack.settings)
    assert set(rebuilt) == owned
    assert rebuilt != with_flush


async def test_an_operator_may_call_it_whole(make_stack: MakeStack) -> None:
    rows = some_rows()[:20]
    stack = await make_stack()
    await work_through(stack, rows, len(rows))
    await flush(stack)
    environment = {
        name: value for name, value in environment_of(stack.settings).items() if name.startswith(PREFIX)
    }
    command = ["admin", "memory", "accept", "--why", "flushed on purpose"]
    told = await asyncio.to_thread(CliRunner(env=environment).invoke, app, command)

    assert told.exit_code == 0, told.output
    assert {each.standing for each in await standing_of(stack.settings)} <= {"whole", "unused"}


def event(number: int, at_s: float, kind: str = "login") -> Row:
    told = {
        "type": kind,
        "event_id": f"h{number}",
        "account_id": "ann",
        "occurred_at": int(at_s * 1000),
        "outcome": "success",
        "device_id": "phone",
    }
    return b"ann", json.encode(told)


async def profile_of(stack: Stack) -> Profile:
    memory = await read_memory(stack.settings)
    [packed] = [packed for (_, name), (_, packed) in memory.items() if name == "ann"]
    profile = unpack(packed)
    profile.settle()
    return profile


async def test_an_account_whose_times_went_wrong_is_healed(make_stack: MakeStack) -> None:
    """A skew of a century stands for a version that believed the host in 2036."""
    now_s = time.time()
    rows = [event(number, now_s - 5000 + number) for number in range(5)]
    rows += [
        event(5, now_s + 40 * 86_400),
        *(event(6 + number, now_s - 4000 + number) for number in range(5)),
    ]
    stack = await make_stack(future_skew_s=3e9)
    await work_through(stack, rows, len(rows))
    ill = await profile_of(stack)
    healing = msgspec.structs.replace(stack.settings, future_skew_s=300.0)

    healed = await heal_account(healing, "ann", workers_stopped=True)

    assert ill.last_at > now_s + 86_400
    assert (healed.events, healed.corrected) == (len(rows), 1)
    well = await profile_of(stack)
    assert well.last_at <= now_s
    assert well.logins == len(rows)
    with pytest.raises(Malformed, match="no event of this account"):
        await heal_account(healing, "nobody", workers_stopped=True)


async def test_a_freeze_that_memory_has_lost_is_learned_again_from_the_log(make_stack: MakeStack) -> None:
    rows = [(b"li", value) for value in life("li")]
    stack = await make_stack()

    async def is_frozen() -> bool:
        stored = (await read_memory(stack.settings)).values()
        return any(unpack(packed).frozen is not None for _, packed in stored)

    await work_through(stack, rows, len(rows))
    seen = [await is_frozen()]
    await flush(stack)
    seen.append(await is_frozen())
    await rebuild_memory(stack.settings, lambda read: None, workers_stopped=True)
    seen.append(await is_frozen())
    await flush(stack)
    await heal_account(stack.settings, "li", workers_stopped=True)
    seen.append(await is_frozen())

    assert seen == [True, False, True, True]
