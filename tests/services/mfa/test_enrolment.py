"""Enrol, confirm, and what is never said again."""

from __future__ import annotations

import asyncio
import logging
import shutil
from pathlib import Path

import pytest

from contracts.errors import Unavailable
from contracts.events import AccountChange
from services.audit.tables import audit
from services.mfa.code_rules import LOCK_AFTER
from services.mfa.factor_records import PENDING_S
from services.mfa.lifecycle import FactorInUse
from services.mfa.tables import factors
from services.mfa.vault import Vault, VaultClosed
from tests.services.cases.databases import opened
from tests.services.mfa.world import KEY, Clock, World, build


async def test_an_account_without_a_factor_says_so(world: World) -> None:
    assert (await world.lifecycle.status("li")).state == "none"


async def test_the_first_code_activates_the_factor_and_tells_the_stream_once(world: World) -> None:
    made = await world.enrol("li")
    assert (await world.lifecycle.status("li")).state == "pending"

    assert await world.confirm("li", world.code(made.secret))

    status = await world.lifecycle.status("li")
    assert ("active", world.clock.at) == (status.state, status.confirmed_at)
    told = [event for event in await world.sent() if isinstance(event, AccountChange)]
    assert ["totp_enrolment_started", "totp_enrolled", "recovery_codes_made"] == [one.change for one in told]
    assert {("li", world.clock.at)} == {(one.account_id, one.at) for one in told}


async def test_a_wrong_code_never_activates(world: World) -> None:
    made = await world.enrol("li")

    assert not await world.confirm("li", world.wrong(made.secret))

    assert (await world.lifecycle.status("li")).state == "pending"
    assert await world.changes() == ["totp_enrolment_started"]


async def test_confirming_again_is_refused_and_tells_nothing_more(world: World) -> None:
    made = await world.enrol("li")
    code = world.code(made.secret)
    await world.confirm("li", code)
    told = await world.changes()

    assert not await world.confirm("li", code)
    assert told == await world.changes()


async def test_the_code_that_confirmed_passes_no_challenge(world: World) -> None:
    made = await world.enrol("li")
    code = world.code(made.secret)
    await world.confirm("li", code)
    await world.issue("c1")

    assert not (await world.service.verify("c1", code)).passed


async def test_an_account_with_a_factor_gets_no_second_one_without_its_code(world: World) -> None:
    await world.enrolled()
    before = await world.rows(factors)

    with pytest.raises(FactorInUse):
        await world.enrol("li")

    assert before == await world.rows(factors)


async def test_a_new_enrolment_voids_the_one_that_waits(world: World) -> None:
    first = await world.enrol("li")
    second = await world.enrol("li")

    assert not await world.confirm("li", world.code(first.secret))
    assert await world.confirm("li", world.code(second.secret))
    assert {row["state"]: row["secret"] for row in await world.rows(factors) if row["state"] != "active"} == {
        "removed": b""
    }


async def test_an_enrolment_that_waited_too_long_is_void(world: World) -> None:
    made = await world.enrol("li")
    world.clock.at += PENDING_S

    assert not await world.confirm("li", world.code(made.secret))
    assert [row["result"] for row in await world.rows(audit)] == ["started", "lapsed"]


async def test_guessing_at_an_enrolment_locks_it(world: World) -> None:
    made = await world.enrol("li")
    for _ in range(LOCK_AFTER):
        await world.confirm("li", world.wrong(made.secret))

    assert not await world.confirm("li", world.code(made.secret))


async def test_parallel_enrolments_leave_one_factor(world: World) -> None:
    made = await asyncio.gather(*(world.enrol("li") for _ in range(20)), return_exceptions=True)

    assert all(isinstance(one, Unavailable) for one in made if isinstance(one, BaseException))
    kept = [row for row in await world.rows(factors) if row["state"] != "removed"]
    assert [row["state"] for row in kept] == ["pending"]
    secret = Vault({1: KEY}, 1).open("li", kept[0]["secret"])
    assert secret in {one.secret for one in made if not isinstance(one, BaseException)}
    assert await world.confirm("li", world.code(secret))


async def test_the_database_holds_no_secret_in_clear(world: World) -> None:
    made = await world.enrol("li")
    (row,) = await world.rows(factors)

    assert made.secret.encode() not in row["secret"]
    assert made.secret == Vault({1: KEY}, 1).open("li", row["secret"])


async def test_a_ciphertext_moved_between_accounts_passes_nothing(world: World) -> None:
    mine = await world.enrolled("mallory")
    await world.enrolled("li")
    stolen = {row["account_id"]: row["secret"] for row in await world.rows(factors)}["mallory"]
    async with world.database.begin() as connection:
        await connection.execute(factors.update().where(factors.c.account_id == "li").values(secret=stolen))
    await world.issue("c1", "li")

    with pytest.raises(VaultClosed):
        await world.service.verify("c1", world.code(mine))


async def test_secrets_and_codes_reach_no_log_and_no_text_form(
    tmp_path: Path, migrated_file: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    clock = Clock()
    database = opened(f"sqlite:///{shutil.copy(migrated_file, tmp_path / 'logged.db')}")
    world = build(database, clock)
    made = await world.enrol("li")
    codes = [world.wrong(made.secret), world.code(made.secret)]
    for code in codes:
        await world.confirm("li", code)
    await world.issue("c1")
    clock.at += 60
    codes.append(world.code(made.secret))
    await world.service.verify("c1", codes[-1])
    await database.close()

    assert repr(made) == "Enrolment(...)"
    assert caplog.text
    digits = [code for code in codes if not code.startswith("0000")]
    assert not any(hidden in caplog.text for hidden in (made.secret, KEY.hex(), *digits))
