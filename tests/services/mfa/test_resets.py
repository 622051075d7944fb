"""A reset: two administrators, a delay, word to the owner, and once."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

import pytest

from services.audit.tables import audit
from services.http.api_keys import ApiKey, ApiKeys
from services.mfa.reset_rows import LAPSES_AFTER_S
from services.mfa.resets import (
    DELAY_S,
    FactorResets,
    NoFactor,
    NoReset,
    NotWaiting,
    ResetOpen,
    SameAdministrator,
)
from services.mfa.tables import factor_resets, factors, recovery_codes
from services.platform.database import Database
from services.platform.progress import Progress
from tests.services.mfa.world import OWNER, World, an_administrator


@dataclass(frozen=True)
class Office:
    """The world, the keys of two administrators, and an account with a factor whose secret is known."""

    world: World
    first: ApiKey
    other: ApiKey
    keys: ApiKeys
    secret: str

    @property
    def resets(self) -> FactorResets:
        return self.world.lifecycle.resets

    async def state(self) -> str:
        return (await self.world.lifecycle.status("li")).state

    async def approved(self) -> str:
        """The id of a reset that waits for its time."""
        reset = await self.resets.request("li", self.first, "lost phone")
        await self.resets.approve(reset.reset_id, self.other)
        return reset.reset_id

    async def letters(self) -> list[str]:
        return [letter[0] for letter in await self.world.letters() if letter[0].startswith("reset_")]


@pytest.fixture
async def office(world: World) -> Office:
    keys = ApiKeys(world.database, world.clock)
    first, other = [(await keys.create(name, ["admin"]))[1] for name in ("wang", "zhao")]
    return Office(world, first, other, keys, await world.enrolled())


async def test_two_administrators_and_a_delay_take_the_factor_away(office: Office) -> None:
    await office.approved()
    assert 0 == await office.resets.carry_out_due()
    office.world.clock.at += DELAY_S

    assert 1 == await office.resets.carry_out_due()

    assert await office.state() == "none"
    assert [b""] == [row["secret"] for row in await office.world.rows(factors)]
    assert [] == await office.world.rows(recovery_codes)


async def test_one_administrator_alone_takes_nothing_away(office: Office) -> None:
    reset = await office.resets.request("li", office.first, "lost phone")
    with pytest.raises(SameAdministrator):
        await office.resets.approve(reset.reset_id, office.first)
    office.world.clock.at += DELAY_S

    assert 0 == await office.resets.carry_out_due()
    assert await office.state() == "active"


async def test_the_owner_is_told_at_the_request_and_at_the_execution(office: Office) -> None:
    await office.approved()
    due_at = office.world.clock.at + DELAY_S
    assert ("reset_requested", due_at) in {(name, due) for name, _, due in await office.world.letters()}
    office.world.clock.at = due_at
    await office.resets.carry_out_due()

    assert ["reset_requested", "reset_done"] == await office.letters()


async def test_each_step_of_a_reset_is_told_to_the_stream(office: Office) -> None:
    before = len(await office.world.changes())
    await office.approved()
    office.world.clock.at += DELAY_S
    await office.resets.carry_out_due()

    told = (await office.world.changes())[before:]
    assert ["totp_reset_requested", "totp_reset_approved", "totp_removed"] == told


async def test_each_step_of_a_reset_is_in_the_audit_with_who_did_it_and_why(office: Office) -> None:
    await office.approved()
    office.world.clock.at += DELAY_S
    await office.resets.carry_out_due()

    rows = sorted(await office.world.rows(audit), key=lambda row: row["seq"])
    assert [
        ("reset_request", "requested", f"key {office.first.key_id}", "lost phone"),
        ("reset_approve", "approved", f"key {office.other.key_id}", "lost phone"),
        ("reset", "done", "payguard", "lost phone"),
    ] == [
        (row["action"], row["result"], row["actor"], row["reason"])
        for row in rows
        if row["action"].startswith("reset")
    ]


async def test_many_sweepers_carry_a_reset_out_once(office: Office, database_url: str) -> None:
    await office.approved()
    office.world.clock.at += DELAY_S
    other_process = Database(database_url)
    elsewhere = FactorResets(other_process, office.world.checker, office.world.clock)
    sweepers = [office.resets, elsewhere]

    done = await asyncio.gather(*(sweepers[n % 2].carry_out_due() for n in range(10)))
    await other_process.close()

    assert 1 == sum(done)
    assert 1 == (await office.world.changes()).count("totp_removed")
    assert 1 == (await office.letters()).count("reset_done")


async def test_the_owner_cancels_with_a_code(office: Office) -> None:
    await office.approved()
    office.world.clock.at += 1.0

    assert await office.resets.cancel_own("li", office.world.code(office.secret), OWNER)

    office.world.clock.at += DELAY_S
    assert 0 == await office.resets.carry_out_due()
    assert await office.state() == "active"
    assert ["reset_requested", "reset_cancelled"] == await office.letters()
    assert ["owner"] == [row["ended_by"] for row in await office.world.rows(factor_resets)]


async def test_a_wrong_code_cancels_nothing_and_counts_as_a_failure(office: Office) -> None:
    await office.approved()

    assert not await office.resets.cancel_own("li", office.world.wrong(office.secret), OWNER)

    assert [1] == [row["failures_in_row"] for row in await office.world.rows(factors)]
    office.world.clock.at += DELAY_S
    assert 1 == await office.resets.carry_out_due()


async def test_an_administrator_cancels_without_a_code(office: Office) -> None:
    reset_id = await office.approved()
    office.world.clock.at += 1.0

    cancelled = await office.resets.cancel(reset_id, office.first.key_id)

    assert ("cancelled", office.first.key_id) == (cancelled.state, cancelled.ended_by)
    office.world.clock.at += DELAY_S
    assert 0 == await office.resets.carry_out_due()
    assert ["reset_requested", "reset_cancelled"] == await office.letters()


@pytest.mark.parametrize("how", ["remove", "replace"])
async def test_an_owner_who_still_has_codes_ends_the_reset_by_using_one(office: Office, how: str) -> None:
    await office.approved()
    code = office.world.code(office.secret)
    if how == "remove":
        await office.world.lifecycle.remove("li", code, OWNER)
    else:
        new = await office.world.enrol(code=code)
        await office.world.confirm("li", office.world.code(new.secret))
    office.world.clock.at += DELAY_S

    assert 0 == await office.resets.carry_out_due()
    assert await office.state() == ("none" if how == "remove" else "active")


async def test_a_reset_ends_an_enrolment_that_waits(office: Office) -> None:
    await office.approved()
    office.world.clock.at += DELAY_S
    new = await office.world.enrol(code=office.world.code(office.secret))
    await office.resets.carry_out_due()

    assert not await office.world.confirm("li", office.world.code(new.secret))
    assert await office.state() == "none"


async def test_a_reset_by_a_key_that_was_revoked_since_is_not_carried_out(office: Office) -> None:
    await office.approved()
    await office.keys.revoke(office.other.key_id)
    office.world.clock.at += DELAY_S
    await office.resets.carry_out_due()

    assert await office.state() == "active"
    assert [("cancelled", "payguard")] == [
        (row["state"], row["ended_by"]) for row in await office.world.rows(factor_resets)
    ]


async def test_a_request_that_nobody_approves_lapses(office: Office) -> None:
    await office.resets.request("li", office.first, "lost phone")
    office.world.clock.at += LAPSES_AFTER_S

    assert 1 == await office.resets.carry_out_due()

    assert ["lapsed"] == [row["state"] for row in await office.world.rows(factor_resets)]
    assert await office.state() == "active"


async def test_an_account_has_one_open_reset(office: Office) -> None:
    made = await asyncio.gather(
        *(office.resets.request("li", office.first, "lost phone") for _ in range(10)), return_exceptions=True
    )

    assert 9 == sum(isinstance(one, ResetOpen) for one in made)
    assert 1 == (await office.letters()).count("reset_requested")


async def test_an_account_without_a_factor_has_nothing_to_reset(office: Office) -> None:
    with pytest.raises(NoFactor):
        await office.resets.request("nobody", office.first, "lost phone")


async def test_a_disabled_factor_can_be_reset(office: Office) -> None:
    async with office.world.database.begin() as connection:
        await connection.execute(factors.update().values(state="disabled"))
    await office.approved()
    office.world.clock.at += DELAY_S

    assert 1 == await office.resets.carry_out_due()
    assert await office.state() == "none"


async def test_what_is_over_is_neither_approved_nor_cancelled(office: Office) -> None:
    reset_id = await office.approved()
    with pytest.raises(NotWaiting):
        await office.resets.approve(reset_id, an_administrator("another"))
    await office.resets.cancel(reset_id, office.first.key_id)

    with pytest.raises(NotWaiting):
        await office.resets.cancel(reset_id, office.first.key_id)
    with pytest.raises(NoReset):
        await office.resets.cancel_own("li", office.world.code(office.secret), OWNER)
    with pytest.raises(NoReset):
        await office.resets.approve("unknown", office.other)


async def test_the_status_says_when_the_factor_will_be_taken_away(office: Office) -> None:
    at = office.world.clock.at
    await office.approved()

    assert at + DELAY_S == (await office.world.lifecycle.status("li")).reset_due_at


async def test_the_sweeper_runs_until_it_is_cancelled(office: Office) -> None:
    await office.approved()
    office.world.clock.at += DELAY_S
    sweeping = asyncio.create_task(office.resets.sweep_for_ever(Progress("test"), every_s=0.01))
    async with asyncio.timeout(60):
        while await office.state() != "none":  # noqa: ASYNC110  polls the table
            await asyncio.sleep(0.01)

    sweeping.cancel()
    with pytest.raises(asyncio.CancelledError):
        await sweeping
