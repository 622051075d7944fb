"""Real processes on one database: one pass for one code, and no half verification after kill -9."""

from __future__ import annotations

import asyncio
import json
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import Sequence
from pathlib import Path

from contracts.events import ChallengeOutcome
from services.audit.tables import audit
from services.mfa import totp
from services.mfa.tables import challenges, factors
from tests.services.mfa.world import World

ROOT = Path(__file__).parents[3]
Job = tuple[float, str, str]


async def started(database_url: str, at: float, jobs: Sequence[Job]) -> Process:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "tests.services.mfa.verifier",
        database_url,
        str(at),
        json.dumps(jobs),
        cwd=ROOT,
        stdout=PIPE,
    )
    assert process.stdout is not None
    assert await process.stdout.readline() == b"started\n"
    return process


async def test_two_processes_with_one_good_code_pass_once(world: World, database_url: str) -> None:
    secret = await world.enrolled()
    for number in range(100):
        await world.issue(f"c{number}")
    code = world.code(secret)
    halves: list[list[Job]] = [[(0.0, f"c{n}", code) for n in range(first, 100, 2)] for first in (0, 1)]

    processes = [await started(database_url, world.clock.at, jobs) for jobs in halves]
    printed = b"".join([(await process.communicate())[0] for process in processes]).split()

    assert (printed.count(b"passed"), len(printed)) == (1, 100)


async def test_a_process_killed_while_it_verifies_leaves_every_pass_whole(
    world: World, database_url: str
) -> None:
    secret = await world.enrolled()
    step, jobs = totp.step_at(world.clock.at), list[Job]()
    for number in range(400):
        await world.issue(f"c{number}", lifetime_s=86_400)
        jobs.append((30.0 * number, f"c{number}", totp.code_of(secret, step + number)))
    process = await started(database_url, world.clock.at, jobs)
    assert process.stdout is not None
    for _ in range(5):
        assert await process.stdout.readline() == b"passed\n"

    process.kill()
    answered = 5 + len((await process.communicate())[0].split())

    passed = {row["challenge_id"] for row in await world.rows(challenges) if row["state"] == "passed"}
    sent = [event.challenge_id for event in await world.sent() if isinstance(event, ChallengeOutcome)]
    rows = await world.rows(audit)
    audited = [row["challenge_id"] for row in rows if row["challenge_id"] is not None]
    assert sorted(passed) == sorted(sent) == sorted(audited)
    assert answered <= len(passed) < len(jobs)
    (factor,) = await world.rows(factors)
    assert factor["last_step"] == step + len(passed) - 1
