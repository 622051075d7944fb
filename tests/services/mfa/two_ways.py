"""What a code wrote, compared between the short way of judging it and the long one."""

from __future__ import annotations

from typing import Any

import msgspec
from sqlalchemy import Table, insert

from services.audit.tables import audit
from services.cases.tables import outbox
from services.mfa.limit_tables import code_minutes, code_networks, factor_devices
from services.mfa.limits import DAY_S
from services.mfa.quick_judge import QuickJudge
from services.mfa.records import Context
from services.mfa.tables import challenges, factors
from services.mfa.verification import VerificationAttempt
from tests.services.mfa.world import World

WRITTEN: tuple[Table, ...] = (challenges, factors, outbox, code_networks, factor_devices, code_minutes)


async def state(world: World) -> dict[str, Any]:
    """Everything that a verification may write."""
    return {table.name: await world.rows(table) for table in (*WRITTEN, audit)}


async def written(world: World, account_id: str) -> list[list[dict[str, Any]]]:
    """What was written of one account, without names and numbers that another one has otherwise."""
    factor_id = next(row["id"] for row in await world.rows(factors) if row["account_id"] == account_id)
    kept = []
    for table in (challenges, factors, factor_devices):
        mine = [
            row
            for row in await world.rows(table)
            if account_id == row.get("account_id") or factor_id == row.get("factor_id")
        ]
        kept.append([without(row, "id", "factor_id", "secret", "digest") for row in mine])
    return [
        [{name: str(value).replace(account_id, "") for name, value in row.items()} for row in rows]
        for rows in kept
    ]


async def has_passed_long_ago(world: World, context: Context) -> None:
    """A code of somebody else passed from the network two days ago, if there is one."""
    network = world.limits.visitor(None, context).network
    if network is not None:
        row = {"network": network, "spent_until": 0.0, "passed_at": world.clock.at - 2 * DAY_S}
        async with world.database.begin() as connection:
            await connection.execute(insert(code_networks).values(row))


async def knows_device(world: World, account_id: str, context: Context) -> None:
    """The account's owner passed on the context's device two days ago, and slipped once since."""
    factor_id = next(row["id"] for row in await world.rows(factors) if row["account_id"] == account_id)
    device = world.limits.visitor(None, context).device
    passed_at = world.clock.at - 2 * DAY_S
    row = {"factor_id": factor_id, "device": device, "passed_at": passed_at, "tries": 0, "tries_since": 0.0}
    async with world.database.begin() as connection:
        await connection.execute(insert(factor_devices).values(**row, failures=1))


def told(before: dict[str, Any], after: dict[str, Any]) -> list[object]:
    """Kinds and outcomes of what was put into the outbox meanwhile."""
    new = [row for row in after["outbox"] if row not in before["outbox"]]
    return [(row["kind"], msgspec.json.decode(row["payload"])["outcome"]) for row in new]


def owed(before: dict[str, Any], after: dict[str, Any], at: float) -> tuple[int, float]:
    """Refused codes that the fleet bore meanwhile, and by how much more the networks owe at epoch seconds `at`."""
    minutes = [sum(row["refused"] for row in then["code_minutes"]) for then in (before, after)]
    debts = [sum(max(row["spent_until"], at) for row in then["code_networks"]) for then in (before, after)]
    return minutes[1] - minutes[0], debts[1] - debts[0]


def without(row: dict[str, Any], *names: str) -> dict[str, Any]:
    """The row without some columns."""
    return {name: value for name, value in row.items() if name not in names}


async def long_way(_self: QuickJudge, offer: VerificationAttempt) -> VerificationAttempt:
    """In place of `QuickJudge.judge`: it knows no code."""
    return offer
