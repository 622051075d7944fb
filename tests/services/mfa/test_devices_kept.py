"""Of each factor the four devices are kept on which its owner passed a code last, whatever others do."""

from __future__ import annotations

from services.mfa.limit_tables import factor_devices
from services.mfa.limits import DEVICES_KEPT
from services.mfa.records import Context
from services.mfa.tables import factors
from tests.services.mfa.world import World


async def test_two_accounts_with_five_devices_each_keep_their_own_latest_four(world: World) -> None:
    assert DEVICES_KEPT == 4
    secrets = {account_id: await world.enrolled(account_id) for account_id in ("li", "wang")}
    for number in range(5):
        for account_id, secret in secrets.items():
            device = Context(ip="192.0.2.1", device_id=f"{account_id}'s device {number}")
            await world.issue(f"{account_id}-{number}", account_id)
            passed = await world.service.verify(f"{account_id}-{number}", world.code(secret), device)
            assert passed.passed
            world.clock.at += 60.0

    owners = {row["id"]: row["account_id"] for row in await world.rows(factors)}
    kept: dict[str, list[float]] = {"li": [], "wang": []}
    for row in await world.rows(factor_devices):
        kept[owners[row["factor_id"]]].append(world.clock.at - row["passed_at"])

    # li passes first in each round of two minutes; the oldest of five devices is the one that went.
    assert sorted(kept["li"]) == [120.0, 240.0, 360.0, 480.0]
    assert sorted(kept["wang"]) == [60.0, 180.0, 300.0, 420.0]
