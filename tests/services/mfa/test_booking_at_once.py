"""A booking in one statement is the one in several: the same answer, and the same rows. SQLite reads that statement too."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator
from typing import Any

import pytest
from sqlalchemy import delete, insert

from services.mfa.limit_records import ClientContext, Network, RateLimitReservation, Rates, Seen
from services.mfa.limit_tables import code_minutes, code_networks
from services.mfa.limits import KNOWN_S, Limits
from services.platform.database import Database
from services.platform.statement_pool import PooledConnection
from tests.services.mfa.world import KEY

AT = 1_800_000_000.0
MINUTE = int(AT) // 60
HERE = ClientContext("network-1", "device-1", 5)


class OnSqlite:
    """Answers what `PooledConnection` asks of a connection; each statement is a transaction of its own."""

    def __init__(self, file: str) -> None:
        self.connection = sqlite3.connect(file, isolation_level=None)
        self.connection.row_factory = sqlite3.Row
        self.connection.create_function("greatest", 2, max)

    async def fetchrow(self, text: str, *values: Any) -> sqlite3.Row | None:
        numbered = {str(number): value for number, value in enumerate(values, 1)}
        rows = self.connection.execute(text, numbered).fetchall()
        return rows[0] if rows else None


@pytest.fixture
async def lent(database: Database) -> AsyncIterator[PooledConnection]:
    """A connection of the kind that runs statements by themselves."""
    if database.statements is not None:
        async with database.statements.borrow() as borrowed:
            yield borrowed
        return
    assert database.url.database is not None
    answering = OnSqlite(database.url.database)
    yield PooledConnection(answering)
    answering.connection.close()


@pytest.fixture
def limits() -> Limits:
    return Limits(KEY, Rates(network_codes=3, network_refill_s=30.0, fleet_codes=4))


async def owed(database: Database) -> dict[str, float]:
    async with database.read() as connection:
        rows = await connection.execute(code_networks.select())
        return {row.network: row.spent_until - AT for row in rows}


async def stand(database: Database, network: Network | None, refused: int = 0, minutes_ago: int = 0) -> None:
    """Nothing is in the tables but this network and so many refused codes."""
    async with database.begin() as connection:
        await connection.execute(delete(code_networks))
        await connection.execute(delete(code_minutes))
        if network is not None:
            await connection.execute(insert(code_networks).values(network=HERE.network, **network._asdict()))
        if refused:
            row = {"minute": MINUTE - minutes_ago, "lane": 1, "refused": refused}
            await connection.execute(insert(code_minutes).values(row))


async def test_it_charges_a_refill_each_time_until_the_network_s_codes_are_spent(
    database: Database, limits: Limits, lent: PooledConnection
) -> None:
    booked = [await limits.book_at_once(lent, HERE, Seen(), AT) for _ in range(4)]

    assert booked == [RateLimitReservation(True)] * 3 + [None]
    assert await owed(database) == {"network-1": 90.0}
    assert await limits.book_at_once(lent, HERE, Seen(), AT + 29) is None
    assert await limits.book_at_once(lent, HERE, Seen(), AT + 30) == RateLimitReservation(True)
    assert await owed(database) == {"network-1": 120.0}


@pytest.mark.parametrize(
    "network",
    [
        None,
        Network(0.0, None),
        Network(AT - 1, None),
        Network(AT + 60, None),
        Network(AT + 61, None),
        Network(AT + 60, AT),
        Network(AT + 61, AT),
        Network(0.0, AT - KNOWN_S),
        Network(0.0, AT - KNOWN_S + 1),
    ],
)
async def test_it_answers_and_writes_what_the_longer_way_does(
    database: Database, limits: Limits, lent: PooledConnection, network: Network | None
) -> None:
    for refused, minutes_ago in ((0, 0), (4, 0), (4, 4), (4, 5), (3, 0), (5, 1)):
        await stand(database, network, refused, minutes_ago)
        at_once = await limits.book_at_once(lent, HERE, Seen(network), AT)
        after_it = await owed(database)
        await stand(database, network, refused, minutes_ago)
        async with database.begin() as connection:
            longer = await limits.book(connection, HERE, AT)

        assert at_once == (longer if longer.charged else None)
        assert after_it == await owed(database)


async def test_refused_codes_of_all_minutes_and_lanes_are_added_up(
    database: Database, limits: Limits, lent: PooledConnection
) -> None:
    async with database.begin() as connection:
        for minute, lane in ((MINUTE, 1), (MINUTE, 2), (MINUTE - 1, 1)):
            await connection.execute(insert(code_minutes).values(minute=minute, lane=lane, refused=1))

    assert await limits.book_at_once(lent, HERE, Seen(), AT) == RateLimitReservation(True)
    async with database.begin() as connection:
        await connection.execute(insert(code_minutes).values(minute=MINUTE - 4, lane=0, refused=1))
    assert await limits.book_at_once(lent, HERE, Seen(), AT) is None
    assert await limits.book_at_once(lent, HERE, Seen(Network(AT, AT)), AT) == RateLimitReservation(True)
