"""Claims about the short way of most codes: it writes what the long way writes, or nothing."""

from __future__ import annotations

import secrets
import time
from collections.abc import AsyncIterator
from typing import Any

import pytest
from sqlalchemy import update

from benchmarks.parts.real_parts import PostgresServer
from services.audit.tables import audit
from services.mfa import totp
from services.mfa.limit_records import SlowDown
from services.mfa.limit_tables import code_networks, factor_devices
from services.mfa.limits import DEVICES_KEPT
from services.mfa.quick_judge import QuickJudge
from services.mfa.records import STRANGER_FAILURES, Context, Verdict
from services.mfa.tables import challenges, factors
from services.mfa.verification import VerificationAttempt
from services.platform.database import Database
from tests.services.mfa.two_ways import (
    has_passed_long_ago,
    knows_device,
    long_way,
    owed,
    state,
    told,
    without,
    written,
)
from tests.services.mfa.world import Clock, World, build

pytestmark = pytest.mark.real

PHONE = Context(ip="198.51.100.7", device_id="phone")


@pytest.fixture
async def world(real_postgres_server: PostgresServer) -> AsyncIterator[World]:
    """A world on PostgreSQL."""
    database = Database(real_postgres_server.new_database(f"quick_{secrets.token_hex(4)}"))
    await database.migrate()
    yield build(database, Clock(float(int(time.time()))))
    await database.close()


@pytest.fixture
def quick(world: World) -> QuickJudge:
    """The short way alone."""
    return QuickJudge(world.database, world.checker.vault, world.limits)


@pytest.mark.parametrize(("right", "attempts_left"), [(True, 5), (False, 4)], ids=["right", "wrong"])
@pytest.mark.parametrize(
    "context", [Context(device_id="phone"), PHONE], ids=["no network", "a known network"]
)
@pytest.mark.parametrize("known", [False, True], ids=["a stranger", "a known device"])
async def test_it_writes_what_the_long_way_writes(
    world: World,
    quick: QuickJudge,
    monkeypatch: pytest.MonkeyPatch,
    right: bool,
    attempts_left: int,
    context: Context,
    known: bool,
) -> None:
    await has_passed_long_ago(world, context)
    at, secret_of = world.clock.at, {}
    for account_id in ("short", "long"):
        world.clock.at = at
        secret_of[account_id] = await world.enrolled(account_id)
        await world.issue(f"c-{account_id}", account_id)
        if known:
            await knows_device(world, account_id, context)
    codes = {name: world.code(secret) if right else world.wrong(secret) for name, secret in secret_of.items()}
    before = await state(world)
    verdict = await quick.judge(VerificationAttempt("c-short", codes["short"], context, world.clock.at))
    between = await state(world)

    monkeypatch.setattr(QuickJudge, "judge", long_way)
    answer = await world.service.verify("c-long", codes["long"], context)

    after = await state(world)
    assert isinstance(verdict, Verdict)
    assert verdict.passed == answer.passed == right
    assert verdict.attempts_left == answer.attempts_left == attempts_left
    assert await written(world, "short") == await written(world, "long")
    assert told(before, between) == told(between, after)
    at = world.clock.at
    assert owed(before, between, at) == owed(between, after, at)
    entries = [row for row in await world.rows(audit) if row["action"] == "verify"]
    assert len(entries) == 2
    alike = [
        without(row, "lane", "seq", "hash", "account_id", "challenge_id", "factor_id") for row in entries
    ]
    assert alike[0] == alike[1]


async def test_codes_that_went_the_short_way_lock_the_factor_as_others_do(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    told_of = {}
    for account_id in ("short", "long"):
        if account_id == "long":
            monkeypatch.setattr(QuickJudge, "judge", long_way)
        secret = await world.enrolled(account_id)
        left = []
        for number in range(3):
            await world.issue(f"c{number}-{account_id}", account_id)
            for _ in range(2):
                answer = await world.service.verify(f"c{number}-{account_id}", world.wrong(secret))
                left.append(answer.attempts_left)
        results = [
            row["result"]
            for row in await world.rows(audit)
            if row["account_id"] == account_id and row["action"] == "verify"
        ]
        told_of[account_id] = (left, sorted(results))

    left, results = told_of["short"]
    assert left == [4, 3] * 3
    assert results == ["locked"] + ["wrong"] * 5
    assert told_of["short"] == told_of["long"]


@pytest.mark.parametrize("right", [True, False], ids=["right", "wrong"])
async def test_a_factor_that_strangers_are_shut_out_of_goes_the_long_way(
    world: World, quick: QuickJudge, right: bool
) -> None:
    secret = await world.enrolled()
    await world.issue("c")
    async with world.database.begin() as connection:
        await connection.execute(update(factors).values(failures_total=STRANGER_FAILURES))
    code = world.code(secret) if right else world.wrong(secret)
    offer = VerificationAttempt("c", code, Context(), world.clock.at)

    assert await quick.judge(offer) is offer
    assert not (await world.service.verify("c", code)).passed


async def test_the_last_attempt_goes_the_long_way_which_closes_the_challenge(
    world: World, quick: QuickJudge
) -> None:
    secret = await world.enrolled()
    await world.issue("c")
    async with world.database.begin() as connection:
        await connection.execute(update(challenges).values(attempts_left=1))
    offer = VerificationAttempt("c", world.wrong(secret), Context(), world.clock.at)
    before = await state(world)

    assert await quick.judge(offer) is offer
    assert await state(world) == before

    assert (await world.service.verify("c", offer.code)).attempts_left == 0
    assert (await world.rows(challenges))[0]["state"] == "failed"


@pytest.mark.parametrize("away", [-5, 5], ids=["late", "early"])
async def test_a_code_of_a_wrong_clock_goes_the_long_way(world: World, quick: QuickJudge, away: int) -> None:
    secret = await world.enrolled()
    await world.issue("c")
    code = totp.code_of(secret, totp.step_at(world.clock.at) + away)
    offer = VerificationAttempt("c", code, Context(), world.clock.at)

    assert await quick.judge(offer) is offer


async def test_a_code_used_before_goes_the_long_way(world: World, quick: QuickJudge) -> None:
    secret = await world.enrolled()
    await world.issue("one")
    await world.issue("other")
    code = world.code(secret)
    assert isinstance(await quick.judge(VerificationAttempt("one", code, Context(), world.clock.at)), Verdict)
    offer = VerificationAttempt("other", code, Context(), world.clock.at)

    assert await quick.judge(offer) is offer


async def test_a_new_network_pays_in_advance_and_gets_it_back(world: World, quick: QuickJudge) -> None:
    secret = await world.enrolled()
    await world.issue("c")

    verdict = await quick.judge(VerificationAttempt("c", world.code(secret), PHONE, world.clock.at))

    assert isinstance(verdict, Verdict)
    [network] = await world.rows(code_networks)
    assert (network["spent_until"], network["passed_at"]) == (world.clock.at, world.clock.at)


async def test_a_wrong_code_from_a_new_network_has_paid_once(world: World, quick: QuickJudge) -> None:
    secret = await world.enrolled()
    await world.issue("c")

    verdict = await quick.judge(VerificationAttempt("c", world.wrong(secret), PHONE, world.clock.at))

    assert isinstance(verdict, Verdict)
    assert verdict.check.result == "wrong"
    [network] = await world.rows(code_networks)
    assert (network["spent_until"], network["passed_at"]) == (world.clock.at + world.limits.refill_s, None)


async def test_a_network_at_its_limit_is_slowed_down_before_its_code_is_compared(world: World) -> None:
    secret = await world.enrolled()
    await world.issue("c")
    async with world.database.begin() as connection:
        for _ in range(60):
            await world.limits.book(connection, world.limits.visitor(None, PHONE), world.clock.at)

    with pytest.raises(SlowDown):
        await world.service.verify("c", world.code(secret), PHONE)

    assert (await world.rows(challenges))[0]["state"] == "open"


@pytest.mark.parametrize("right", [True, False], ids=["right", "wrong"])
@pytest.mark.parametrize(
    "meanwhile",
    [
        update(challenges).values(state="expired", closed_at=1.0),
        update(challenges).values(attempts_left=0),
        update(factors).values(locked_until=9e9),
        update(factors).values(state="disabled"),
        update(factors).values(last_step=9_999_999_999, failures_in_row=4),
        update(factors).values(last_step=9_999_999_999, failures_total=STRANGER_FAILURES - 1),
        update(factors).values(failures_total=STRANGER_FAILURES),
    ],
    ids=[
        "expired",
        "spent",
        "locked",
        "disabled",
        "burnt or about to lock",
        "burnt or about to shut strangers out",
        "shut",
    ],
)
async def test_what_changed_since_it_was_read_stops_it_and_nothing_is_written(
    world: World, quick: QuickJudge, monkeypatch: pytest.MonkeyPatch, right: bool, meanwhile: Any
) -> None:
    secret = await world.enrolled()
    await world.issue("c")
    offer = VerificationAttempt(
        "c", world.code(secret) if right else world.wrong(secret), Context(), world.clock.at
    )
    read = QuickJudge._state_of

    async def early(self: QuickJudge, *about: Any) -> Any:
        found = await read(self, *about)
        async with world.database.begin() as connection:
            await connection.execute(meanwhile)
        late_state.update(await state(world))
        return found

    late_state: dict[str, Any] = {}
    monkeypatch.setattr(QuickJudge, "_state_of", early)

    assert await quick.judge(offer) is offer
    assert await state(world) == late_state


@pytest.mark.parametrize("right", [True, False], ids=["right", "wrong"])
async def test_a_verdict_that_cannot_be_audited_is_none(world: World, quick: QuickJudge, right: bool) -> None:
    secret = await world.enrolled()
    await world.issue("c")
    async with world.database.begin() as connection:
        await connection.exec_driver_sql("SET LOCAL session_replication_role = replica")
        await connection.exec_driver_sql("DELETE FROM audit_heads")
    before = await state(world)
    code = world.code(secret) if right else world.wrong(secret)

    with pytest.raises(Exception, match="division by zero"):
        await quick.judge(VerificationAttempt("c", code, PHONE, world.clock.at))

    after = await state(world)
    del before["code_networks"], after["code_networks"]
    assert after == before


async def test_only_the_newest_devices_are_kept(world: World, quick: QuickJudge) -> None:
    secret = await world.enrolled()
    for number in range(DEVICES_KEPT + 2):
        await world.issue(f"c{number}")
        offer = VerificationAttempt(
            f"c{number}", world.code(secret), Context(device_id=f"phone{number}"), world.clock.at
        )
        assert isinstance(await quick.judge(offer), Verdict)
        world.clock.at += 30.0

    kept = {row["device"] for row in await world.rows(factor_devices)}

    newest = [Context(device_id=f"phone{number}") for number in range(2, DEVICES_KEPT + 2)]
    assert kept == {world.limits.visitor(None, context).device for context in newest}
