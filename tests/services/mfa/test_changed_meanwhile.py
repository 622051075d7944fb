"""What changes between the moment in which a code's state is read and the one in which its outcome is written."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import update

from services.audit.tables import audit
from services.cases.tables import outbox
from services.mfa import verification_state
from services.mfa.limit_tables import code_minutes, code_networks, factor_devices
from services.mfa.records import STRANGER_FAILURES, Context
from services.mfa.tables import challenges, factors
from tests.services.mfa.world import World

PHONE = Context(ip="198.51.100.7", device_id="phone")
BURNT = 9_999_999_999
LATER = 9e9


async def state(world: World) -> dict[str, Any]:
    """Everything that a verification may write."""
    tables = (challenges, factors, outbox, code_networks, factor_devices, code_minutes, audit)
    return {table.name: await world.rows(table) for table in tables}


@pytest.mark.parametrize("right", [True, False], ids=["right", "wrong"])
@pytest.mark.parametrize(
    ("meanwhile", "results"),
    [
        (update(challenges).values(state="expired", closed_at=1.0), ("closed", "closed")),
        (update(challenges).values(attempts_left=0), ("closed", "closed")),
        (update(factors).values(locked_until=LATER), ("locked", "locked")),
        (update(factors).values(state="disabled"), ("no_factor", "no_factor")),
        (update(factors).values(last_step=BURNT), ("replayed", "wrong")),
        (update(factors).values(failures_in_row=4), ("passed", "wrong")),
        (update(factors).values(failures_total=STRANGER_FAILURES), ("locked", "locked")),
    ],
    ids=["expired", "spent", "locked", "disabled", "burnt", "about to lock", "shut"],
)
async def test_a_code_is_judged_by_what_stands_when_it_is_written(
    world: World,
    monkeypatch: pytest.MonkeyPatch,
    right: bool,
    meanwhile: Any,
    results: tuple[str, str],
) -> None:
    secret = await world.enrolled()
    await world.issue("c")
    code = world.code(secret) if right else world.wrong(secret)
    read, late = verification_state.read, list[Any]()

    async def early(*about: Any) -> Any:
        found = await read(*about)
        if not late:
            late.append(meanwhile)
            async with world.database.begin() as connection:
                await connection.execute(meanwhile)
        return found

    monkeypatch.setattr(verification_state, "read", early)

    answer = await world.service.verify("c", code)

    expected = results[0] if right else results[1]
    entries = [row["result"] for row in await world.rows(audit) if row["action"] == "verify"]
    assert entries == [expected]
    assert answer.passed == (expected == "passed")


async def test_a_failure_that_came_meanwhile_is_counted_and_locks_with_this_one(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    secret = await world.enrolled()
    for number in range(2):
        await world.issue(f"c{number}")
    async with world.database.begin() as connection:
        await connection.execute(update(factors).values(failures_in_row=3, failures_total=3))
    read, late = verification_state.read, list[Any]()

    async def early(*about: Any) -> Any:
        found = await read(*about)
        if not late:
            late.append(about)
            await world.service.verify("c1", world.wrong(secret))
        return found

    monkeypatch.setattr(verification_state, "read", early)

    await world.service.verify("c0", world.wrong(secret))

    [factor] = await world.rows(factors)
    assert (factor["failures_in_row"], factor["failures_total"]) == (0, 5)
    assert factor["locked_until"] > world.clock.at


@pytest.mark.parametrize(("right", "passed"), [(True, True), (False, False)], ids=["right", "wrong"])
async def test_a_new_network_pays_in_advance_and_only_a_right_code_gets_it_back(
    world: World, right: bool, passed: bool
) -> None:
    secret = await world.enrolled()
    await world.issue("c")

    answer = await world.service.verify("c", world.code(secret) if right else world.wrong(secret), PHONE)

    assert answer.passed == passed
    [network] = await world.rows(code_networks)
    at = world.clock.at
    owed, passed_at = (0.0, at) if passed else (world.limits.refill_s, None)
    assert (network["spent_until"], network["passed_at"]) == (at + owed, passed_at)


@pytest.mark.parametrize("right", [True, False], ids=["right", "wrong"])
async def test_a_verdict_that_cannot_be_audited_is_none(world: World, right: bool) -> None:
    secret = await world.enrolled()
    await world.issue("c")
    async with world.database.begin() as connection:
        off = "SET LOCAL session_replication_role = replica"
        if world.database.is_sqlite:
            off = "DROP TRIGGER audit_heads_no_delete"
        await connection.exec_driver_sql(off)
        await connection.exec_driver_sql("DELETE FROM audit_heads")
    before = await state(world)

    with pytest.raises(Exception, match=r"division by zero|No row was found"):
        await world.service.verify("c", world.code(secret) if right else world.wrong(secret), PHONE)

    after = await state(world)
    del before["code_networks"], after["code_networks"]
    assert after == before
