"""Claims about the short way of a right code: it writes what the long way writes, or nothing."""

from __future__ import annotations

import secrets
import time
from collections.abc import AsyncIterator
from typing import Any

import pytest
from sqlalchemy import Table, update

from benchmarks.real_parts import PostgresServer
from services.cases.tables import outbox
from services.challenges.limit_records import SlowDown
from services.challenges.limit_tables import code_minutes, code_networks, factor_devices
from services.challenges.limits import DEVICES_KEPT
from services.challenges.quick_pass import QuickPass
from services.challenges.records import Context, Verdict
from services.challenges.tables import audit, challenges, factors
from services.challenges.verification import Offer
from services.database import Database
from tests.services.challenges.world import Clock, World, build

pytestmark = pytest.mark.real

PHONE = Context(ip="198.51.100.7", device_id="phone")
DAY_S = 86_400.0
WRITTEN: tuple[Table, ...] = (challenges, factors, outbox, code_networks, factor_devices, code_minutes)


@pytest.fixture
async def world(real_postgres_server: PostgresServer) -> AsyncIterator[World]:
    """A world on PostgreSQL."""
    database = Database(real_postgres_server.new_database(f"quick_{secrets.token_hex(4)}"))
    await database.migrate()
    yield build(database, Clock(float(int(time.time()))))
    await database.close()


@pytest.fixture
def quick(world: World) -> QuickPass:
    """The short way alone."""
    return QuickPass(world.database, world.checker.vault, world.limits)


async def state(world: World) -> dict[str, Any]:
    """Everything that a verification may write."""
    return {table.name: await world.rows(table) for table in (*WRITTEN, audit)}


async def written(world: World, account_id: str) -> list[list[dict[str, Any]]]:
    """What was written of one account, without names and numbers that another one has otherwise."""
    factor_id = next(row["id"] for row in await world.rows(factors) if row["account_id"] == account_id)
    told = []
    for table in (challenges, factors, factor_devices):
        mine = [
            row
            for row in await world.rows(table)
            if account_id == row.get("account_id") or factor_id == row.get("factor_id")
        ]
        told.append([without(row, "id", "factor_id", "secret", "digest") for row in mine])
    return [
        [{name: str(value).replace(account_id, "") for name, value in row.items()} for row in rows]
        for rows in told
    ]


def without(row: dict[str, Any], *names: str) -> dict[str, Any]:
    """The row without some columns."""
    return {name: value for name, value in row.items() if name not in names}


async def test_it_writes_what_the_long_way_writes(
    world: World, quick: QuickPass, monkeypatch: pytest.MonkeyPatch
) -> None:
    at, secret_of = world.clock.at, {}
    for account_id in ("short", "long"):
        world.clock.at = at
        secret_of[account_id] = await world.enrolled(account_id)
        await world.issue(f"c-{account_id}", account_id)
    code_of = {account_id: world.code(secret) for account_id, secret in secret_of.items()}
    verdict = await quick.judge(
        Offer("c-short", code_of["short"], Context(device_id="phone"), world.clock.at)
    )

    async def always(_self: QuickPass, offer: Offer) -> Offer:
        return offer

    monkeypatch.setattr(QuickPass, "judge", always)
    answer = await world.service.verify("c-long", code_of["long"], Context(device_id="phone"))

    assert isinstance(verdict, Verdict)
    assert (verdict.passed, verdict.attempts_left) == (answer.passed, answer.attempts_left) == (True, 5)
    assert await written(world, "short") == await written(world, "long")
    outcomes = [
        (event.account_id, event.outcome) for event in await world.sent() if hasattr(event, "outcome")
    ]
    assert outcomes == [("short", "passed"), ("long", "passed")]
    entries = [row for row in await world.rows(audit) if row["action"] == "verify"]
    assert len(entries) == 2
    alike = [
        without(row, "lane", "seq", "hash", "account_id", "challenge_id", "factor_id") for row in entries
    ]
    assert alike[0] == alike[1]


async def test_a_new_network_pays_in_advance_and_gets_it_back(world: World, quick: QuickPass) -> None:
    secret = await world.enrolled()
    await world.issue("c")

    verdict = await quick.judge(Offer("c", world.code(secret), PHONE, world.clock.at))

    assert isinstance(verdict, Verdict)
    [network] = await world.rows(code_networks)
    assert (network["spent_until"], network["passed_at"]) == (world.clock.at, world.clock.at)


async def test_a_wrong_code_from_a_new_network_is_handed_on_as_paid(world: World, quick: QuickPass) -> None:
    secret = await world.enrolled()
    await world.issue("c")
    before = await state(world)

    handed_on = await quick.judge(Offer("c", world.wrong(secret), PHONE, world.clock.at))

    assert isinstance(handed_on, Offer)
    assert handed_on.booking is not None
    assert handed_on.booking.charged
    after = await state(world)
    assert after.pop("code_networks") != before.pop("code_networks")
    assert after == before


async def test_a_network_at_its_limit_is_slowed_down_before_its_code_is_compared(world: World) -> None:
    secret = await world.enrolled()
    await world.issue("c")
    async with world.database.begin() as connection:
        for _ in range(60):
            await world.limits.book(connection, world.limits.visitor(None, PHONE), world.clock.at)

    with pytest.raises(SlowDown):
        await world.service.verify("c", world.code(secret), PHONE)

    assert (await world.rows(challenges))[0]["state"] == "open"


@pytest.mark.parametrize(
    "meanwhile",
    [
        update(challenges).values(state="expired", closed_at=1.0),
        update(challenges).values(attempts_left=0),
        update(factors).values(locked_until=9e9),
        update(factors).values(state="disabled"),
        update(factors).values(last_step=9_999_999_999),
    ],
    ids=["expired", "spent", "locked", "disabled", "burnt"],
)
async def test_what_changed_since_it_was_read_stops_it_and_nothing_is_written(
    world: World, quick: QuickPass, monkeypatch: pytest.MonkeyPatch, meanwhile: Any
) -> None:
    secret = await world.enrolled()
    await world.issue("c")
    offer = Offer("c", world.code(secret), Context(), world.clock.at)
    passing = QuickPass._passed

    async def late(self: QuickPass, *about: Any) -> Verdict | None:
        async with world.database.begin() as connection:
            await connection.execute(meanwhile)
        late_state.update(await state(world))
        return await passing(self, *about)

    late_state: dict[str, Any] = {}
    monkeypatch.setattr(QuickPass, "_passed", late)

    assert await quick.judge(offer) is offer
    assert await state(world) == late_state


async def test_a_pass_that_cannot_be_audited_does_not_happen(world: World, quick: QuickPass) -> None:
    secret = await world.enrolled()
    await world.issue("c")
    async with world.database.begin() as connection:
        await connection.exec_driver_sql("SET LOCAL session_replication_role = replica")
        await connection.exec_driver_sql("DELETE FROM audit_heads")
    before = await state(world)

    with pytest.raises(Exception, match="division by zero"):
        await quick.judge(Offer("c", world.code(secret), PHONE, world.clock.at))

    after = await state(world)
    del before["code_networks"], after["code_networks"]
    assert after == before


async def test_only_the_newest_devices_are_kept(world: World, quick: QuickPass) -> None:
    secret = await world.enrolled()
    for number in range(DEVICES_KEPT + 2):
        await world.issue(f"c{number}")
        offer = Offer(f"c{number}", world.code(secret), Context(device_id=f"phone{number}"), world.clock.at)
        assert isinstance(await quick.judge(offer), Verdict)
        world.clock.at += 30.0

    kept = {row["device"] for row in await world.rows(factor_devices)}

    newest = [Context(device_id=f"phone{number}") for number in range(2, DEVICES_KEPT + 2)]
    assert kept == {world.limits.visitor(None, context).device for context in newest}
