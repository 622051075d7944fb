"""Nobody allows what they asked for themselves: the database refuses it whoever writes to it."""

from __future__ import annotations

from typing import get_args

import pytest
from sqlalchemy import insert, text
from sqlalchemy.exc import IntegrityError

from services.cases.approvals import Act
from services.cases.hold_tables import approvals
from services.platform.database import Database

ASKED = {
    "approval_id": "x",
    "subject": "s",
    "account_id": "li",
    "asked_by": "staff:mei",
    "asked_at": 1.0,
    "expires_at": 2.0,
    "why": "she rang",
}
#: Names under which whoever asked might try.
HERSELF = ("staff:mei", "staff:mei ", "Staff:Mei", "staff:mei (taken back)")


async def asked(database: Database, act: str = "unfreeze") -> None:
    async with database.begin() as connection:
        await connection.execute(insert(approvals).values(**ASKED, act=act))


async def written(database: Database, statement: str, **values: str) -> None:
    async with database.begin() as connection:
        await connection.execute(text(statement), values)


@pytest.mark.parametrize("name", HERSELF)
async def test_whoever_asked_for_it_allows_no_act_of_any_kind(database: Database, name: str) -> None:
    for number, act in enumerate(get_args(Act)):
        async with database.begin() as connection:
            row = ASKED | {"approval_id": str(number), "act": act}
            await connection.execute(insert(approvals).values(row))

        with pytest.raises(IntegrityError):
            await written(
                database,
                "UPDATE approvals SET decision = 'approved', decided_by = :name, decided_at = 1.5 WHERE act = :act",
                name=name,
                act=act,
            )


async def test_nothing_is_allowed_by_nobody(database: Database) -> None:
    await asked(database)

    with pytest.raises(IntegrityError):
        await written(database, "UPDATE approvals SET decision = 'approved', decided_at = 1.5")


@pytest.mark.parametrize("name", HERSELF)
async def test_no_row_is_put_there_as_allowed_by_whoever_asked(database: Database, name: str) -> None:
    row = ASKED | {"act": "unfreeze", "decision": "approved", "decided_by": name, "decided_at": 1.5}

    with pytest.raises(IntegrityError):
        async with database.begin() as connection:
            await connection.execute(insert(approvals).values(row))


@pytest.mark.parametrize(
    "change", ["asked_by = 'staff:bo'", "act = 'erasure'", "subject = 'another'", "account_id = 'wang'"]
)
async def test_what_was_asked_for_and_by_whom_does_not_change(database: Database, change: str) -> None:
    await asked(database)

    with pytest.raises(IntegrityError):
        await written(database, f"UPDATE approvals SET {change}")  # noqa: S608


async def test_what_was_refused_is_not_allowed_afterwards(database: Database) -> None:
    await asked(database)
    await written(
        database, "UPDATE approvals SET decision = 'refused', decided_by = 'staff:bo', decided_at = 1.5"
    )

    with pytest.raises(IntegrityError):
        await written(database, "UPDATE approvals SET decision = 'approved'")


async def test_another_person_allows_it(database: Database) -> None:
    await asked(database)

    await written(
        database, "UPDATE approvals SET decision = 'approved', decided_by = 'staff:bo', decided_at = 1.5"
    )

    async with database.read() as connection:
        assert await connection.scalar(text("SELECT decided_by FROM approvals")) == "staff:bo"
