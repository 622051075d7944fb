"""A process that submits codes: `python -m tests.services.mfa.verifier DATABASE_URL AT JOBS`.

JOBS is JSON: a list of [seconds after AT, challenge id, code]. Prints `started`, then one line an answer.
"""

from __future__ import annotations

import asyncio
import json
import sys

from services.memory.in_process import InProcessChallengeIntake
from services.mfa.service import ChallengesService
from tests.services.cases.databases import opened
from tests.services.mfa.world import Clock, checker


async def submit(url: str, at: float, jobs: list[tuple[float, str, str]]) -> None:
    """Submit the codes one after the other, printing whether each passed."""
    database, clock = opened(url), Clock(at)
    service = ChallengesService(database, InProcessChallengeIntake(clock), checker(), clock)
    print("started", flush=True)
    for after_s, challenge_id, code in jobs:
        clock.at = at + after_s
        answer = await service.verify(challenge_id, code)
        print("passed" if answer.passed else "refused", flush=True)
    await database.close()


if __name__ == "__main__":
    asyncio.run(submit(sys.argv[1], float(sys.argv[2]), json.loads(sys.argv[3])))
