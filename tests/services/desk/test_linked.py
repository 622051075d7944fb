"""Accounts that have something in common with a case."""

from __future__ import annotations

from services.desk import linked
from services.desk.linked import Linked
from services.platform.database import Database
from tests.services.desk import worked
from tests.services.desk.telling import file_of

NOW = 1_790_000_000.0


async def _linked(database: Database) -> dict[str, Linked]:
    file = await file_of(database, await worked.live(database, NOW), NOW)
    for index in (0, 1):
        await worked.resolve_before(database, f"other-{index}", NOW - worked.DAY_S)
    await worked.resolve_before(database, "other-2", NOW - worked.DAY_S, "legitimate")
    async with database.read() as connection:
        found = await linked.linked_to(connection, worked.ACCOUNT, linked.keys_of(file), NOW)
    return {each.key.by: each for each in found}


async def test_accounts_are_counted_by_device_and_payee_and_those_with_fraud_named_first(
    database: Database,
) -> None:
    found = await _linked(database)

    assert ["device", "payee", "network"] == list(found)
    assert (3, 2) == (found["device"].count, found["device"].frauds)
    assert (7, 2, 7) == (found["payee"].count, found["payee"].frauds, found["payee"].lately)
    assert [("other-0", True), ("other-1", True)] == list(found["payee"].accounts[:2])
    assert 5 == len(found["payee"].accounts)
    assert worked.ACCOUNT not in dict(found["payee"].accounts)
    # A network of more than 50 accounts links nobody.
    assert found["network"].shared
    assert (63, 0, []) == (found["network"].count, found["network"].frauds, found["network"].accounts)
