"""What the metrics say of challenges: every series from 0 on, and a failed one when its last attempt is spent."""

from __future__ import annotations

import pytest
from prometheus_client import generate_latest

from services.mfa.records import Context
from services.platform.metrics import CHALLENGES, REGISTRY
from tests.services.mfa.world import World

STRANGER = Context(ip="198.51.100.1", device_id="stranger")


def failed() -> float:
    return float(CHALLENGES.labels("transaction", "failed")._value.get())


@pytest.mark.parametrize("result", ["issued", "passed", "failed", "expired"])
@pytest.mark.parametrize("purpose", ["login", "transaction", "change"])
def test_every_series_of_challenges_stands_from_the_start(purpose: str, result: str) -> None:
    page = generate_latest(REGISTRY).decode()

    assert f'payguard_challenges_total{{purpose="{purpose}",result="{result}"}}' in page


async def test_a_challenge_counts_as_failed_at_its_last_wrong_code_and_not_before(world: World) -> None:
    secret = await world.enrolled()
    await world.issue("guessed")
    before, counted = failed(), []
    left = 1
    while left:
        verdict = await world.service.verify("guessed", world.wrong(secret), STRANGER)
        assert not verdict.passed
        left = verdict.attempts_left
        counted.append(failed() - before)

    assert counted == [*[0.0] * (len(counted) - 1), 1.0]
    assert len(counted) > 1

    await world.service.verify("guessed", world.wrong(secret), STRANGER)
    assert failed() - before == 1.0


async def test_a_challenge_counts_as_passed_once_under_its_purpose(world: World) -> None:
    passed = CHALLENGES.labels("transaction", "passed")._value
    secret = await world.enrolled()
    await world.issue("c")
    before = passed.get()

    for _ in range(2):
        assert (await world.service.verify("c", world.code(secret), Context())).passed
        assert passed.get() - before == 1.0
