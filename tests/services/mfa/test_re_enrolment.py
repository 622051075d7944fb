"""A factor in place of another: with the old one's code, at the confirmation, all at once or not at all."""

from __future__ import annotations

import asyncio

import pytest
from sqlalchemy import insert

from contracts.errors import Unavailable
from services.audit.tables import audit
from services.mfa import recovery
from services.mfa.factor_records import PENDING_S
from services.mfa.lifecycle import CodeRefused, FactorInUse
from services.mfa.proof import AHEAD_S, PROOF_S, ProofTooOld
from services.mfa.records import STRANGER_FAILURES
from services.mfa.tables import factors
from services.mfa.vault import Vault
from tests.services.mfa.world import KEY, OWNER, World


async def in_use(world: World) -> list[str]:
    return [row["state"] for row in await world.rows(factors) if row["state"] not in ("removed", "pending")]


@pytest.mark.parametrize("age_s", [PROOF_S + 1.0, -AHEAD_S - 1.0])
async def test_an_enrolment_needs_a_recent_password_proof(world: World, age_s: float) -> None:
    with pytest.raises(ProofTooOld):
        await world.lifecycle.enrol("li", world.clock.at - age_s, OWNER)

    assert [] == await world.rows(factors) == await world.rows(audit)


@pytest.mark.parametrize("age_s", [0.0, PROOF_S, -AHEAD_S])
async def test_a_password_proof_of_the_last_five_minutes_is_enough(world: World, age_s: float) -> None:
    await world.lifecycle.enrol("li", world.clock.at - age_s, OWNER)

    assert (await world.lifecycle.status("li")).state == "pending"


async def test_a_recent_password_proof_alone_replaces_no_factor(world: World) -> None:
    await world.enrolled()

    with pytest.raises(FactorInUse):
        await world.enrol()

    assert (await world.lifecycle.status("li")).pending_until is None


async def test_a_wrong_code_starts_no_replacement_and_counts_as_a_failure(world: World) -> None:
    secret = await world.enrolled()

    with pytest.raises(CodeRefused):
        await world.enrol(code=world.wrong(secret))

    (row,) = await world.rows(factors)
    assert (row["state"], row["failures_in_row"]) == ("active", 1)
    assert ("enrol", "wrong") in {(row["action"], row["result"]) for row in await world.rows(audit)}


async def test_the_old_factor_stays_in_use_until_the_new_one_is_confirmed(world: World) -> None:
    old = await world.enrolled()
    await world.enrol(code=world.code(old))
    world.clock.at += 60.0
    await world.issue("c1")

    assert (await world.service.verify("c1", world.code(old))).passed
    status = await world.lifecycle.status("li")
    assert ("active", world.clock.at - 60.0 + PENDING_S) == (status.state, status.pending_until)


async def test_the_confirmation_puts_the_new_factor_in_place_of_the_old_one(world: World) -> None:
    old = await world.enrolled()
    new = await world.enrol(code=world.code(old))

    assert await world.confirm("li", world.code(new.secret))

    world.clock.at += 60.0
    for challenge_id in ("c1", "c2"):
        await world.issue(challenge_id)
    assert not (await world.service.verify("c1", world.code(old))).passed
    assert (await world.service.verify("c2", world.code(new.secret))).passed
    assert {"active": 1, "removed": 1} == {
        state: sum(row["state"] == state for row in await world.rows(factors))
        for state in ("active", "removed")
    }
    assert [b""] == [row["secret"] for row in await world.rows(factors) if row["state"] == "removed"]
    assert "totp_replaced" in await world.changes()


async def test_a_wrong_code_replaces_nothing(world: World) -> None:
    old = await world.enrolled()
    new = await world.enrol(code=world.code(old))

    assert not await world.confirm("li", world.wrong(new.secret))

    world.clock.at += 60.0
    assert await world.verified(world.code(old))


async def test_the_code_that_allowed_a_replacement_is_burnt(world: World) -> None:
    old = await world.enrolled()
    code = world.code(old)
    await world.enrol(code=code)
    await world.issue("c1")

    assert not (await world.service.verify("c1", code)).passed


async def test_a_replacement_that_waited_too_long_leaves_the_old_factor(world: World) -> None:
    old = await world.enrolled()
    new = await world.enrol(code=world.code(old))
    world.clock.at += PENDING_S

    assert not await world.confirm("li", world.code(new.secret))

    status = await world.lifecycle.status("li")
    assert ("active", None) == (status.state, status.pending_until)


async def test_an_enrolment_that_no_code_allowed_never_replaces_a_factor(world: World) -> None:
    """As one does that began while another was being confirmed."""
    await world.enrolled()
    secret = "A" * 32
    sealed = Vault({1: KEY}, 1).seal("li", secret)
    (row,) = await world.rows(factors)
    async with world.database.begin() as connection:
        stale = {"id": "b" * 32, "state": "pending", "secret": sealed, "created_at": world.clock.at}
        await connection.execute(insert(factors).values({**row, **stale, "last_step": -1}))

    assert not await world.confirm("li", world.code(secret))
    assert [row["id"]] == [kept["id"] for kept in await world.rows(factors) if kept["state"] == "active"]


async def test_a_locked_factor_is_not_replaced_by_its_code(world: World) -> None:
    secret = await world.enrolled()
    for _ in range(5):
        with pytest.raises(CodeRefused):
            await world.enrol(code=world.wrong(secret))

    with pytest.raises(CodeRefused):
        await world.enrol(code=world.code(secret))


async def test_a_disabled_factor_is_not_replaced_by_its_code(world: World) -> None:
    """Only a reset by administrators gets the account out of this."""
    secret = await world.enrolled()
    async with world.database.begin() as connection:
        await connection.execute(factors.update().values(failures_total=STRANGER_FAILURES - 1))
        await recovery.void(connection, "li")
    with pytest.raises(CodeRefused):
        await world.enrol(code=world.wrong(secret))
    assert (await world.lifecycle.status("li")).state == "disabled"

    with pytest.raises(CodeRefused):
        await world.enrol(code=world.code(secret))
    with pytest.raises(FactorInUse):
        await world.enrol()


async def test_parallel_replacements_leave_one_pending_and_the_old_one_in_use(world: World) -> None:
    old = await world.enrolled()
    code = world.code(old)

    made = await asyncio.gather(*(world.enrol(code=code) for _ in range(20)), return_exceptions=True)

    assert 1 == sum(not isinstance(one, BaseException) for one in made)
    assert all(isinstance(one, CodeRefused | Unavailable) for one in made if isinstance(one, BaseException))
    assert ["active"] == await in_use(world)


async def test_parallel_confirmations_and_enrolments_leave_one_factor(world: World) -> None:
    first = await world.enrol()
    code = world.code(first.secret)
    jobs = [*(world.confirm("li", code) for _ in range(10)), *(world.enrol() for _ in range(10))]

    answers = await asyncio.gather(*jobs, return_exceptions=True)

    unexpected = [
        one
        for one in answers
        if isinstance(one, BaseException) and not isinstance(one, FactorInUse | Unavailable)
    ]
    assert unexpected == []
    confirmed = answers[:10].count(True)
    assert (confirmed, ["active"] * confirmed) == (len(await in_use(world)), await in_use(world))
    pending = [row for row in await world.rows(factors) if row["state"] == "pending"]
    assert len(pending) <= 1
    if confirmed and pending:
        secret = Vault({1: KEY}, 1).open("li", pending[0]["secret"])
        assert not await world.confirm("li", world.code(secret))
