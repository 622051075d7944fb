"""One code against one challenge: pass once, count failures, lock, and tell nobody why."""

from __future__ import annotations

import pytest

from contracts.errors import Unavailable
from contracts.events import ChallengeOutcome
from services.audit.tables import audit
from services.cases.tables import outbox
from services.memory.challenge_record import ChallengeRecord
from services.mfa.code_rules import LOCK_AFTER, LOCK_S
from services.mfa.records import ATTEMPTS, Answer
from services.mfa.repository import record_issued
from services.mfa.service import ChallengesService
from services.mfa.tables import challenges, factors
from services.platform.metrics import CHALLENGES, CLOCK_SKEW, LOCKOUTS, REPLAY_REFUSED
from tests.services.mfa.world import World, asked, checker


class Away:
    """A Redis that does not answer."""

    async def get(self, challenge_id: str) -> ChallengeRecord | None:
        raise Unavailable("store away")


async def results(world: World) -> list[str]:
    rows = await world.rows(audit)
    return sorted(row["result"] for row in rows if row["challenge_id"] is not None)


async def test_a_good_code_passes_and_its_outcome_is_sent(world: World) -> None:
    secret = await world.enrolled()
    await world.issue("c1")

    assert Answer(passed=True, attempts_left=ATTEMPTS) == await world.service.verify("c1", world.code(secret))

    shown = await world.service.challenge("c1")
    assert shown is not None
    assert shown.state == "passed"
    outcome = (await world.sent())[-1]
    assert isinstance(outcome, ChallengeOutcome)
    assert ("li", "c1", "event-c1", "transaction", "passed", world.clock.at) == (
        outcome.account_id,
        outcome.challenge_id,
        outcome.challenged_event_id,
        outcome.purpose,
        outcome.outcome,
        outcome.at,
    )


@pytest.mark.parametrize("away", [-1, 1])
async def test_the_code_of_the_step_before_or_after_passes(world: World, away: int) -> None:
    secret = await world.enrolled()
    await world.issue("c1")

    assert (await world.service.verify("c1", world.code(secret, away))).passed


@pytest.mark.parametrize("away", [-2, 2])
async def test_codes_further_away_do_not_pass(world: World, away: int) -> None:
    secret = await world.enrolled()
    world.clock.at += 60
    await world.issue("c1")

    assert not (await world.service.verify("c1", world.code(secret, away))).passed


async def test_an_accepted_code_sent_again_gets_the_same_answer_and_no_second_outcome(world: World) -> None:
    secret = await world.enrolled()
    await world.issue("c1")
    code = world.code(secret)
    first = await world.service.verify("c1", code)
    world.clock.at += 120

    assert [first] * 10 == [await world.service.verify("c1", code) for _ in range(10)]
    assert sum(isinstance(event, ChallengeOutcome) for event in await world.sent()) == 1


async def test_a_passed_challenge_cannot_be_guessed_at(world: World) -> None:
    secret = await world.enrolled()
    await world.issue("c1")
    code = world.code(secret)
    await world.service.verify("c1", code)

    answers = [await world.service.verify("c1", world.wrong(secret)) for _ in range(ATTEMPTS)]

    assert not any(answer.passed for answer in answers)
    assert not (await world.service.verify("c1", code)).passed


async def test_a_used_code_passes_no_other_challenge(world: World) -> None:
    secret = await world.enrolled()
    await world.issue("login")
    await world.issue("payment")
    refused = REPLAY_REFUSED._value.get()
    await world.service.verify("login", world.code(secret))

    assert not (await world.service.verify("payment", world.code(secret))).passed
    assert refused + 1 == REPLAY_REFUSED._value.get()


async def test_an_older_live_code_is_refused_after_a_newer_one(world: World) -> None:
    secret = await world.enrolled()
    await world.issue("c1")
    await world.issue("c2")
    await world.service.verify("c1", world.code(secret))

    assert not (await world.service.verify("c2", world.code(secret, -1))).passed


async def test_two_open_challenges_pass_with_a_code_each(world: World) -> None:
    secret = await world.enrolled()
    await world.issue("c1")
    await world.issue("c2")

    assert (await world.service.verify("c1", world.code(secret))).passed
    world.clock.at += 30
    assert (await world.service.verify("c2", world.code(secret))).passed


async def test_another_account_s_code_passes_nothing(world: World) -> None:
    await world.enrolled("li")
    other = await world.enrolled("wang")
    await world.issue("c1", "li")

    assert not (await world.service.verify("c1", world.code(other))).passed


async def test_a_challenge_fails_after_its_attempts_and_the_right_code_comes_too_late(world: World) -> None:
    secret = await world.enrolled()
    await world.issue("c1")

    answers = [await world.service.verify("c1", world.wrong(secret)) for _ in range(ATTEMPTS)]

    assert [Answer(False, left) for left in (4, 3, 2, 1, 0)] == answers
    assert Answer(False, 0) == await world.service.verify("c1", world.code(secret))
    outcomes = [event.outcome for event in await world.sent() if isinstance(event, ChallengeOutcome)]
    assert outcomes == ["failed"]


async def test_five_failures_lock_the_factor_for_every_challenge_for_thirty_minutes(world: World) -> None:
    secret = await world.enrolled()
    lockouts = LOCKOUTS._value.get()
    await world.lock(secret)
    await world.issue("next")

    assert Answer(False, 4) == await world.service.verify("next", world.code(secret))
    assert lockouts + 1 == LOCKOUTS._value.get()
    world.clock.at += LOCK_S
    assert await world.verified(world.code(secret))


async def test_a_pass_clears_the_failures_before_it(world: World) -> None:
    secret = await world.enrolled()
    for number in range(LOCK_AFTER - 1):
        await world.issue(f"c{number}")
        await world.service.verify(f"c{number}", world.wrong(secret))
    await world.issue("good")
    await world.service.verify("good", world.code(secret))

    (factor,) = await world.rows(factors)
    assert (factor["failures_in_row"], factor["failures_total"], factor["locked_until"]) == (0, 0, 0.0)


async def test_a_wrong_a_used_a_locked_and_a_missing_factor_look_the_same(world: World) -> None:
    secret, locked, wrong = [await world.enrolled(name) for name in ("used", "locked", "wrong")]
    await world.issue("spent", "used")
    await world.service.verify("spent", world.code(secret))
    await world.lock(locked, account_id="locked")
    for account in ("used", "locked", "wrong", "nobody"):
        await world.issue(account, account)

    answers = [
        await world.service.verify("used", world.code(secret)),
        await world.service.verify("locked", world.code(locked)),
        await world.service.verify("wrong", world.wrong(wrong)),
        await world.service.verify("nobody", "123456"),
    ]

    assert [Answer(False, ATTEMPTS - 1)] * 4 == answers


async def test_an_unknown_and_a_closed_challenge_look_the_same(world: World) -> None:
    secret = await world.enrolled()
    await world.issue("closed")
    for _ in range(ATTEMPTS):
        await world.service.verify("closed", world.wrong(secret))

    assert Answer(False, 0) == await world.service.verify("unknown", world.code(secret))
    assert Answer(False, 0) == await world.service.verify("closed", world.code(secret))


@pytest.mark.parametrize("away", [-10, 10])
async def test_a_stepped_clock_refuses_and_is_measured_but_locks_nobody(world: World, away: int) -> None:
    secret = await world.enrolled()
    world.clock.at += 600
    seen = CLOCK_SKEW._sum.get()
    for _ in range(LOCK_AFTER + 1):
        assert not await world.verified(world.code(secret, away))
    await world.issue("right")

    assert (await world.service.verify("right", world.code(secret))).passed
    assert seen + (LOCK_AFTER + 1) * away == CLOCK_SKEW._sum.get()


async def test_every_attempt_is_audited_once_without_its_code(world: World) -> None:
    secret = await world.enrolled()
    await world.issue("c1")
    await world.service.verify("c1", world.wrong(secret))
    await world.service.verify("c1", world.code(secret))
    await world.service.verify("c1", world.code(secret))
    await world.service.verify("unknown", world.code(secret))

    assert await results(world) == ["passed", "repeated", "unknown", "wrong"]
    (row,) = [row for row in await world.rows(audit) if row["result"] == "wrong"]
    assert ("li", "c1", world.clock.at) == (row["account_id"], row["challenge_id"], row["at"])
    assert not any(world.wrong(secret) in value for value in row.values() if isinstance(value, str))


async def test_a_challenge_that_sql_has_not_got_yet_is_taken_from_the_worker_s_record(world: World) -> None:
    secret = await world.enrolled()
    await world.intake.open([asked("fresh")])

    shown = await world.service.challenge("fresh")
    assert shown is not None
    assert (shown.amount, shown.currency, shown.payee_id, shown.state) == ("412.00", "CNY", "payee-9", "open")
    await world.intake.open([asked("fresher")])
    assert (await world.service.verify("fresher", world.code(secret))).passed
    assert await results(world) == ["passed"]


async def test_recording_a_challenge_again_changes_nothing(world: World) -> None:
    secret = await world.enrolled()
    issued = CHALLENGES.labels("transaction", "issued")._value.get()
    await world.issue("c1")
    await world.service.verify("c1", world.code(secret))
    before = await world.rows(challenges)
    world.clock.at += 100
    async with world.database.begin() as connection:
        await record_issued(connection, *asked("c1"), world.clock.at)

    assert before == await world.rows(challenges)
    assert issued + 1 == CHALLENGES.labels("transaction", "issued")._value.get()


async def test_nothing_passes_while_redis_is_away_and_sql_does_not_know_the_challenge(world: World) -> None:
    secret = await world.enrolled()
    service = ChallengesService(world.database, Away(), checker(), world.clock)
    await world.issue("known")

    with pytest.raises(Unavailable):
        await service.verify("unknown", world.code(secret))
    assert (await service.verify("known", world.code(secret))).passed


async def test_a_verification_that_cannot_send_its_outcome_burns_nothing(world: World) -> None:
    secret = await world.enrolled()
    await world.issue("c1")
    before = await world.rows(factors)
    async with world.database.begin() as connection:
        await connection.run_sync(lambda sync: outbox.drop(sync))

    with pytest.raises(Exception, match="outbox"):
        await world.service.verify("c1", world.code(secret))

    assert before == await world.rows(factors)
    assert [row["state"] for row in await world.rows(challenges)] == ["open"]
