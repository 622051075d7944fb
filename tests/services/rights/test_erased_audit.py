"""An erasure takes words out of the audit, and the audit still tells of every other change."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import select, text, update
from sqlalchemy.exc import DBAPIError

from services.audit.audit_log import verify
from services.audit.tables import audit
from services.platform.database import Database
from tests.services.rights.filled import erased, fill


async def test_the_audit_stays_whole_and_loses_its_words(database: Database) -> None:
    await fill(database, "li", "wang")
    await erased(database)

    checked = await verify(database)
    async with database.read() as connection:
        mine = (await connection.execute(select(audit).where(audit.c.account_id == "li"))).all()

    assert checked.broken == []
    assert [(row.action, row.network) for row in sorted(mine, key=lambda row: row.seq)] == [
        ("verify", None), ("unfrozen", None), ("account_erased", None),
    ]  # fmt: skip


async def test_words_that_go_without_an_erasure_are_told(database: Database) -> None:
    await fill(database, "li")
    async with database.begin() as connection:
        await connection.execute(update(audit).values(network=None, reason=None))

    assert len((await verify(database)).broken) == 1


@pytest.mark.parametrize("change", [{"result": "refused"}, {"actor": "key:other"}, {"at": 1.0}])
async def test_what_is_left_of_an_audit_row_cannot_be_changed_unseen(
    database: Database, change: dict[str, Any]
) -> None:
    await fill(database, "li")
    await erased(database)
    async with database.begin() as connection:
        if database.is_sqlite:
            await connection.execute(text("DROP TRIGGER audit_no_update"))
        else:
            await connection.execute(text("ALTER TABLE audit DISABLE TRIGGER ALL"))
        await connection.execute(update(audit).where(audit.c.action == "verify").values(**change))

    assert len((await verify(database)).broken) == 1


@pytest.mark.parametrize(
    "change", [{"result": "refused"}, {"reason": "other words"}, {"network": "x", "reason": None}]
)
async def test_the_database_lets_words_be_taken_out_and_nothing_be_changed(
    database: Database, change: dict[str, Any]
) -> None:
    await fill(database, "li")
    async with database.engine.connect() as connection:
        with pytest.raises(DBAPIError, match="append-only"):
            await connection.execute(update(audit).values(**change))
