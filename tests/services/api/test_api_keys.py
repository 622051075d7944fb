"""API keys open what their scopes say, until they are revoked."""

from __future__ import annotations

import asyncio

import pytest
from sqlalchemy import select, update

from contracts.errors import Malformed, Unavailable
from services.http.api_keys import FRESH_S, MAX_AGE_S, ApiKeys, api_keys
from services.platform.database import Database
from tests.services.api.world import Clock, World, a_login


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def keys(database: Database, clock: Clock) -> ApiKeys:
    return ApiKeys(database, clock)


async def test_a_key_opens_with_its_whole_text_only(keys: ApiKeys) -> None:
    text, made = await keys.create("wallet", ["ingest", "verify"])
    opened = await keys.check(text)
    wrong = text[:-1] + ("A" if text[-1] != "A" else "B")
    refused = [
        await keys.check(bad) for bad in (wrong, text + "A", text[:-1], "pg_" + "0" * 12 + text[15:], "", "x")
    ]
    await keys.close()

    assert opened is not None
    assert (opened.key_id, opened.name) == (made.key_id, "wallet")
    assert opened.scopes == frozenset({"ingest", "verify"})
    assert refused == [None] * 6


async def test_the_secret_is_never_stored(keys: ApiKeys, database: Database) -> None:
    text, _ = await keys.create("wallet", ["ingest"])
    secret = text.split("_", 2)[2]
    async with database.read() as connection:
        row = (await connection.execute(select(api_keys))).one()
    assert secret not in repr(tuple(row))
    assert len(row.secret_sha256) == 32


@pytest.mark.parametrize(
    ("name", "scopes"),
    [("x", []), ("x", ["root"]), ("x", ["ingest", "x"]), ("", ["ingest"]), ("x" * 129, ["ingest"])],
)
async def test_a_key_without_a_name_or_a_known_scope_is_refused(
    keys: ApiKeys, name: str, scopes: list[str]
) -> None:
    with pytest.raises(Malformed):
        await keys.create(name, scopes)


async def test_a_revoked_key_closes_here_at_once_and_stays_listed(keys: ApiKeys) -> None:
    text, made = await keys.create("wallet", ["ingest"])
    assert await keys.check(text) is not None

    revoked, again, unknown = (
        await keys.revoke(made.key_id),
        await keys.revoke(made.key_id),
        await keys.revoke("no"),
    )

    assert (revoked, again, unknown) == (True, False, False)
    assert await keys.check(text) is None
    assert [key.revoked_at is not None for key in await keys.list()] == [True]
    await keys.close()


async def test_a_key_revoked_by_another_process_closes_within_ten_seconds(
    keys: ApiKeys, database: Database, clock: Clock
) -> None:
    text, made = await keys.create("wallet", ["ingest"])
    assert await keys.check(text) is not None
    await ApiKeys(database, clock).revoke(made.key_id)

    clock.at += MAX_AGE_S

    assert await keys.check(text) is None
    assert MAX_AGE_S < 10
    await keys.close()


async def test_a_cached_key_is_refreshed_behind_the_answer(
    keys: ApiKeys, database: Database, clock: Clock
) -> None:
    text, made = await keys.create("wallet", ["ingest"])
    await keys.check(text)
    await ApiKeys(database, clock).revoke(made.key_id)
    clock.at += FRESH_S

    served_from_memory = await keys.check(text)
    await keys.close()

    assert served_from_memory is not None
    assert await keys.check(text) is None


async def test_with_the_database_away_a_key_just_seen_opens_and_others_are_unavailable(
    keys: ApiKeys, database: Database, clock: Clock
) -> None:
    text, _ = await keys.create("wallet", ["ingest"])
    other, _ = await keys.create("other", ["ingest"])
    await keys.check(text)
    await keys.close()
    async with database.begin() as connection:
        await connection.exec_driver_sql("PRAGMA user_version = 1")
    away = Database("sqlite:////nonexistent-folder/payguard.db")
    keys._database = away
    clock.at += FRESH_S

    assert await keys.check(text) is not None
    with pytest.raises(Unavailable):
        await keys.check(other)
    clock.at += MAX_AGE_S
    with pytest.raises(Unavailable):
        await keys.check(text)
    await keys.close()
    await away.close()


async def test_a_hundred_requests_at_once_read_the_database_once(keys: ApiKeys, database: Database) -> None:
    text, made = await keys.create("wallet", ["ingest"])
    checks = [asyncio.create_task(keys.check(text)) for _ in range(100)]
    await asyncio.sleep(0)
    loading = len(keys._loading)
    answers = await asyncio.gather(*checks)
    await keys.close()

    assert loading == 1
    assert all(answer is not None and answer.key_id == made.key_id for answer in answers)


async def test_the_last_use_is_noted(keys: ApiKeys, clock: Clock) -> None:
    text, _ = await keys.create("wallet", ["ingest"])
    clock.at += 5
    await keys.check(text)
    await keys.close()

    assert [key.last_used_at for key in await keys.list()] == [clock.at]


async def test_requests_without_a_valid_key_are_401(world: World) -> None:
    bearers = [None, "Bearer ", "Bearer pg_000000000000_" + "A" * 43, "Basic eDp5", "Bearer " + "x" * 5000]
    for bearer in bearers:
        world.client.headers.pop("Authorization", None)
        if bearer is not None:
            world.client.headers["Authorization"] = bearer
        answer = await world.post(a_login())
        assert (answer.status_code, answer.headers["www-authenticate"]) == (401, "Bearer")
        assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize(
    ("scope", "status"), [("verify", 403), ("support", 403), ("admin", 202), ("ingest", 202)]
)
async def test_events_need_the_scope_ingest(world: World, scope: str, status: int) -> None:
    text, _ = await world.keys.create(scope, [scope])
    answer = await world.post(a_login(), Authorization=f"Bearer {text}")
    assert answer.status_code == status


async def test_a_key_whose_row_is_gone_no_longer_opens(
    keys: ApiKeys, database: Database, clock: Clock
) -> None:
    text, _ = await keys.create("wallet", ["ingest"])
    async with database.begin() as connection:
        await connection.execute(update(api_keys).values(secret_sha256=b"\0" * 32))
    assert await keys.check(text) is None
    await keys.close()
