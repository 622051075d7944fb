"""A recovery code in place of the authenticator's: passes once, shares the factor's counters, tells nothing more."""

from __future__ import annotations

from collections import Counter

from contracts.events import ChallengeOutcome
from services.audit.tables import audit
from services.mfa import recovery
from services.mfa.code_rules import LOCK_AFTER
from services.mfa.tables import challenges, factors, recovery_codes
from tests.services.mfa.world import World

CHEAP = recovery.Cost(passes=1, memory_kib=64)
NEVER_MADE = "0000-0000-0000-0000"


async def codes(world: World, account_id: str = "li") -> tuple[str, ...]:
    """A set of recovery codes, cheap to check."""
    made = await recovery.make(CHEAP)
    async with world.database.begin() as connection:
        await recovery.keep(connection, account_id, made, world.clock.at)
    return made.shown


async def results(world: World) -> Counter[str]:
    return Counter(row["result"] for row in await world.rows(audit) if row["action"] == "verify")


async def test_a_recovery_code_passes_a_challenge_and_its_outcome_is_sent(world: World) -> None:
    await world.enrolled()
    first, *_ = await codes(world)

    assert await world.verified(first, name="c1")
    outcomes = [event for event in await world.sent() if isinstance(event, ChallengeOutcome)]
    assert [event.outcome for event in outcomes] == ["passed"]
    (row,) = [row for row in await world.rows(audit) if row["challenge_id"] == "c1"]
    assert (row["result"], row["reason"]) == ("passed", "a recovery code")


async def test_a_recovery_code_passes_once(world: World) -> None:
    await world.enrolled()
    first, second, *_ = await codes(world)

    got = [await world.verified(code) for number, code in enumerate([first, first, second])]

    assert got == [True, False, True]


async def test_an_accepted_recovery_code_sent_again_gets_the_same_answer(world: World) -> None:
    await world.enrolled()
    first, second, *_ = await codes(world)
    await world.issue("c1")
    answer = await world.service.verify("c1", first)

    assert [answer] * 3 == [await world.service.verify("c1", first) for _ in range(3)]
    assert not (await world.service.verify("c1", second)).passed
    assert await results(world) == Counter({"passed": 1, "repeated": 3, "closed": 1})
    assert await world.verified(second)


async def test_wrong_recovery_codes_and_wrong_digits_share_one_counter(world: World) -> None:
    secret = await world.enrolled()
    guesses = [NEVER_MADE, world.wrong(secret)] * LOCK_AFTER
    for number in range(LOCK_AFTER):
        assert not await world.verified(guesses[number])

    assert not await world.verified(world.code(secret))
    assert await results(world) == Counter({"wrong": LOCK_AFTER, "locked": 1})


async def test_a_recovery_code_passes_while_the_factor_is_locked_and_leaves_the_lock(world: World) -> None:
    secret = await world.enrolled()
    first, *_ = await codes(world)
    await world.lock(secret)

    assert await world.verified(first)
    assert not await world.verified(first)
    assert not await world.verified(world.code(secret))


async def test_wrong_recovery_codes_during_a_lock_count_for_nothing(world: World) -> None:
    """Nobody guesses one; counted, they would be a way round the lock to the end of the factor."""
    secret = await world.enrolled()
    await world.lock(secret)
    (before,) = await world.rows(factors)
    for _ in range(20):
        await world.verified(NEVER_MADE)

    assert [before] == await world.rows(factors)


async def test_a_recovery_code_burns_no_step_and_clears_the_failures(world: World) -> None:
    secret = await world.enrolled()
    first, *_ = await codes(world)
    await world.verified(world.wrong(secret))
    (before,) = await world.rows(factors)

    assert await world.verified(first)
    (after,) = await world.rows(factors)
    assert (before["failures_total"], after["failures_total"]) == (1, 0)
    assert before["last_step"] == after["last_step"]
    assert await world.verified(world.code(secret))


async def test_another_account_s_recovery_code_passes_nothing(world: World) -> None:
    await world.enrolled("li")
    await world.enrolled("wang")
    first, *_ = await codes(world, "wang")

    assert not await world.verified(first, account_id="li")
    assert await world.verified(first, account_id="wang")


async def test_no_table_holds_an_accepted_recovery_code(world: World) -> None:
    await world.enrolled()
    first, *_ = await codes(world)
    await world.verified(first)

    kept = str([await world.rows(table) for table in (challenges, audit, factors, recovery_codes)])
    assert first not in kept
    assert first.replace("-", "") not in kept
