"""Guessing: at one account, at one factor over its life, and at ten thousand accounts once each."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from msgspec.structs import asdict
from sqlalchemy import insert

from services.audit.tables import audit
from services.memory.challenge_record import recorded
from services.mfa.code_rules import LOCK_AFTER, LOCK_S
from services.mfa.limit_records import Rates, SlowDown
from services.mfa.limit_tables import code_minutes
from services.mfa.records import Answer, Context, issued
from services.mfa.tables import challenges, factors
from services.mfa.vault import Vault
from services.platform.database import Database
from services.platform.metrics import CODES, CODES_SLOWED
from tests.services.cases.databases import opened
from tests.services.mfa.world import KEY, Clock, World, asked, build

#: Both are more than the fleet's limit lets through. The whole crowd takes two minutes and runs with the real parts.
CROWDS = [400, pytest.param(10_000, marks=pytest.mark.real)]
ANYWHERE = [
    Context(ip="192.0.2.1", device_id="phone"),
    Context(ip="198.51.100.1", device_id="another"),
    Context(ip="2001:db8::1"),
    Context(),
]


async def test_the_right_code_after_five_wrong_ones_is_refused_in_the_same_words(world: World) -> None:
    secret = await world.enrolled()
    await world.issue("first")
    wrong = await world.service.verify("first", world.wrong(secret))
    await world.lock(secret, ANYWHERE[0])
    await world.issue("right")

    assert wrong == await world.service.verify("right", world.code(secret)) == Answer(False, 4)


@pytest.mark.parametrize("context", ANYWHERE, ids=["same", "new network and device", "no device", "unsaid"])
async def test_a_lock_survives_a_new_session_device_and_network(world: World, context: Context) -> None:
    secret = await world.enrolled()
    await world.lock(secret, ANYWHERE[0])
    world.clock.at += LOCK_S - 1
    await world.issue("c1")

    assert not (await world.service.verify("c1", world.code(secret), context)).passed


async def test_failures_add_up_over_challenges_contexts_and_days(world: World) -> None:
    secret = await world.enrolled()
    for number in range(LOCK_AFTER):
        await world.issue(f"d{number}")
        await world.service.verify(f"d{number}", world.wrong(secret), ANYWHERE[number % len(ANYWHERE)])
        world.clock.at += 86_400
    (factor,) = await world.rows(factors)

    assert factor["locked_until"] == world.clock.at - 86_400 + LOCK_S


async def test_a_new_lock_follows_five_more_failures(world: World) -> None:
    secret = await world.enrolled()
    await world.lock(secret, ANYWHERE[0])
    world.clock.at += LOCK_S
    await world.lock(secret, ANYWHERE[0])
    await world.issue("right")

    assert not (await world.service.verify("right", world.code(secret))).passed


async def populate(database: Database, clock: Clock, everybody: int) -> None:
    """Accounts with a factor and a challenge each."""
    sealing = Vault({1: KEY}, 1)
    account_ids = [f"account-{number}" for number in range(everybody)]
    row = {"state": "active", "last_step": -1, "failures_in_row": 0, "failures_total": 0, "locked_until": 0.0}
    rows = [
        {
            **row,
            "id": f"f-{account_id}",
            "account_id": account_id,
            "secret": sealing.seal(account_id, "A" * 32),
            "created_at": clock.at,
        }
        for account_id in account_ids
    ]
    async with database.begin() as connection:
        await connection.execute(insert(factors), rows)
        made = (issued(recorded(*asked(f"c-{each}", each), clock.at)) for each in account_ids)
        await connection.execute(insert(challenges), [asdict(challenge) for challenge in made])


@pytest.mark.timeout(1200)
@pytest.mark.parametrize("everybody", CROWDS)
async def test_one_try_at_each_of_many_accounts_is_noticed_and_slowed_down(
    everybody: int, tmp_path: Path, migrated_file: Path
) -> None:
    """No account ever comes near its lock. The rule that alarms on the counters is `OtpGuessing`."""
    file = shutil.copy(migrated_file, tmp_path / "spray.db")
    database, clock = opened(f"sqlite:///{file}"), Clock()
    world = build(database, clock)
    await populate(database, clock, everybody)
    wrong, slowed = CODES.labels("wrong")._value.get(), CODES_SLOWED.labels("fleet")._value.get()
    answered, guess = 0, world.wrong("A" * 32)
    for number in range(everybody):
        context = Context(ip=f"2001:db8:{number:x}::1")
        try:
            await world.service.verify(f"c-account-{number}", guess, context)
        except SlowDown:
            continue
        answered += 1

    most = Rates().fleet_codes
    assert everybody > most
    assert answered == most
    assert wrong + most == CODES.labels("wrong")._value.get()
    assert slowed + everybody - most == CODES_SLOWED.labels("fleet")._value.get()
    assert sum(row["refused"] for row in await world.rows(code_minutes)) == most
    assert max(row["failures_total"] for row in await world.rows(factors)) == 1
    assert len(await world.rows(audit)) == most
    assert {row["state"] for row in await world.rows(challenges)} == {"open"}
    await database.close()
