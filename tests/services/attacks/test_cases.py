"""Cases about attempts of an attack are laid aside while nothing gave way, and nothing else is."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select

from services.attacks.tables import attack_accounts
from services.cases.queue import Filter, listed
from services.cases.repository import keep
from services.cases.tables import case_entries, cases
from services.platform.database import Database
from tests.services.attacks.made import HOUR_S, NOW, key
from tests.services.attacks.rows_made import happened, look, row, wave
from tests.services.cases.decided import no_challenges, open_case, recorded


async def opened(database: Database, account_id: str, event_id: str, at: float) -> None:
    """A decision on the event opens a case."""
    effects = (open_case(event_id, account_id=account_id),)
    async with database.begin() as connection:
        record = recorded(event_id, effects=effects, at=at, account_id=account_id)
        await keep(connection, [record], no_challenges)


async def waiting(database: Database, now: float) -> set[str]:
    """The accounts of the cases that nobody holds and somebody should take."""
    async with database.read() as connection:
        found = await listed(connection, Filter(view="unassigned"), "", now, None, 500)
    return {case.account_id for case in found.cases}


async def entries(database: Database, account_id: str) -> list[tuple[str, str | None]]:
    query = (
        select(case_entries.c.kind, case_entries.c.note).join(cases).where(cases.c.account_id == account_id)
    )
    async with database.read() as connection:
        return [
            (each[0], each[1]) for each in await connection.execute(query.order_by(case_entries.c.sequence))
        ]


async def test_cases_of_attempts_alone_are_laid_aside_and_those_with_more_are_not(database: Database) -> None:
    rows, _ = wave("stuff", 60, 6, NOW, 600.0)
    more = row(
        "stuff-2", "pay", NOW + 620.0, "home", type="transaction", section="money", outcome="requested"
    )
    await happened(database, [*rows, more], NOW + 700.0)
    for number in (1, 2):
        await opened(database, f"stuff-{number}", f"stuff-{number}", NOW + 100.0)
    await opened(database, "stuff-2", "pay", NOW + 621.0)
    await opened(database, "another", "e", NOW + 100.0)

    await look(database, NOW + 700.0)

    assert await waiting(database, NOW + 700.0) == {"stuff-2", "another"}
    assert await entries(database, "stuff-1") == [("opened", None), ("snoozed", "attack W-1")]


async def test_a_case_comes_back_when_its_account_gives_way(database: Database) -> None:
    rows, _ = wave("stuff", 60, 6, NOW, 600.0)
    await happened(database, rows, NOW + 700.0)
    await opened(database, "stuff-1", "stuff-1", NOW + 100.0)
    await look(database, NOW + 700.0)
    assert await waiting(database, NOW + 700.0) == set()

    inside = row("stuff-1", "in", NOW + 800.0, "s-stuff-1", outcome="success", network_key=key("AS-stuff"))
    await happened(database, [inside], NOW + 900.0)
    await look(database, NOW + 900.0)

    assert await waiting(database, NOW + 900.0) == {"stuff-1"}
    assert [kind for kind, _ in await entries(database, "stuff-1")] == ["opened", "snoozed", "woken"]
    await look(database, NOW + 901.0)
    assert await waiting(database, NOW + 901.0) == {"stuff-1"}


async def test_what_comes_to_a_case_that_was_laid_aside_wakes_it_for_good(database: Database) -> None:
    rows, _ = wave("stuff", 60, 6, NOW, 600.0)
    await happened(database, rows, NOW + 700.0)
    await opened(database, "stuff-1", "stuff-1", NOW + 100.0)
    await look(database, NOW + 700.0)
    await opened(database, "stuff-1", "later", NOW + 800.0)
    await look(database, NOW + 2 * HOUR_S)

    assert await waiting(database, NOW + 2 * HOUR_S) == {"stuff-1"}


async def test_accounts_of_an_attack_are_kept_with_it(database: Database) -> None:
    rows, _ = wave("stuff", 60, 6, NOW, 600.0)
    await happened(database, rows, NOW + 700.0)
    await look(database, NOW + 700.0)

    async with database.read() as connection:
        found: Any = await connection.execute(select(attack_accounts.c.account_id))
        assert {each[0] for each in found} == {f"stuff-{number}" for number in range(60)}
