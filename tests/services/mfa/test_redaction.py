"""Secrets and codes are shown to those they belong to, and are nowhere else: every place they might reach is searched."""

from __future__ import annotations

import asyncio
import base64
import logging
import re
import traceback
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from prometheus_client import generate_latest
from redis.asyncio import Redis
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError

from services.cases.outbox import OutboxRelay, Outgoing
from services.http import problems
from services.http.api_keys import ApiKeys
from services.memory.redis_client import connect
from services.memory.redis_store import RedisChallengeIntake
from services.mfa.grants import Grants
from services.mfa.records import Context
from services.mfa.routers import add_factor_routes
from services.mfa.service import ChallengesService
from services.mfa.tables import factors
from services.mfa.vault import VaultClosed
from services.platform.database import Database, metadata
from services.platform.keyring import Keyring
from services.platform.metrics import REGISTRY
from tests.services.mfa.world import AT_ONCE, KEY, Clock, World, asked, build

GRANT_KEY = bytes([5]) * 32
#: The test's own clients; their logs are not ours.
CLIENTS = ("httpx", "httpcore")
STORES = ["embedded_redis", pytest.param("real_redis", marks=pytest.mark.real)]
PROBLEM = "application/problem+json"


@dataclass
class Seen:
    """What was shown to its owner, and what reached anywhere else, by place."""

    secrets: list[str] = field(default_factory=list)
    codes: list[str] = field(default_factory=list)
    places: dict[str, str] = field(default_factory=dict)

    def leaks(self) -> list[tuple[str, str]]:
        """(place, what kind) for each secret or code found where it must not be."""
        found = []
        for place, written in self.places.items():
            found += [(place, "secret") for secret in self.secrets if secret.lower() in written.lower()]
            # Six digits stand in many a number: only a word of its own is a code.
            found += [
                (place, "code") for code in self.codes if re.search(rf"(?<![\w.-]){code}(?![\w.-])", written)
            ]
        return found


class Topic:
    """Where the relay's records go."""

    def __init__(self) -> None:
        self.records: list[Outgoing] = []

    async def produce(self, records: Sequence[Outgoing]) -> None:
        self.records += records


@pytest.fixture
def everything_logged(caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    """Every logger speaks at DEBUG, the libraries' too, from before anything is opened."""
    caplog.set_level(logging.DEBUG)
    for name in list(logging.root.manager.loggerDict):
        if not name.startswith(CLIENTS):
            caplog.set_level(logging.DEBUG, logger=name)
    return caplog


@pytest.fixture(params=STORES)
async def store(request: pytest.FixtureRequest) -> AsyncIterator[Redis]:
    """A client of a Redis that forgets at the end."""
    client = connect(request.getfixturevalue(request.param))
    yield client
    await client.flushdb()
    await client.aclose()


@pytest.fixture
def world(everything_logged: pytest.LogCaptureFixture, database: Database, store: Redis) -> World:
    """A world whose challenges come over Redis, and whose passes are worth a grant."""
    clock = Clock()
    made = build(database, clock)
    grants = Grants(Keyring({1: GRANT_KEY}, 1))
    service = ChallengesService(
        database, RedisChallengeIntake(store, clock), made.checker, clock, grants, AT_ONCE
    )
    return replace(made, service=service)


@pytest.fixture
async def http(world: World) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the wallet's routes."""
    app = FastAPI()
    problems.install(app)
    add_factor_routes(app)
    app.state.challenges, app.state.lifecycle = world.service, world.lifecycle
    app.state.grants = Grants(Keyring({1: GRANT_KEY}, 1))
    app.state.keys = keys = ApiKeys(world.database, world.clock)
    key, _ = await keys.create("wallet", ["verify"])
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    headers = {"Authorization": f"Bearer {key}"}
    async with httpx.AsyncClient(transport=transport, base_url="http://payguard", headers=headers) as client:
        yield client
    await keys.close()


LAST = "the-end"


async def monitored(store: Redis, lines: list[str], ready: asyncio.Event) -> None:
    """Write down every command the store gets, until the last."""
    async with store.monitor() as monitor:
        ready.set()
        async for command in monitor.listen():
            lines.append(repr(command))
            if LAST in lines[-1]:
                return


async def life(world: World, http: httpx.AsyncClient, store: Redis, seen: Seen) -> list[httpx.Response]:
    """Enrol, confirm, pass, fail in every way, recover, regenerate and remove; the answers that were refusals."""
    path = "/v1/accounts/li/totp"
    enrolled = (await http.post(path, json={"proved_at": world.clock.at})).json()
    secret = enrolled["secret"]
    seen.secrets += [secret, base64.b32decode(secret).hex(), enrolled["qr_url"].rsplit("/", 1)[-1]]
    await http.get(enrolled["qr_url"])
    answers = [await http.get(enrolled["qr_url"])]

    async def offer(to: str, code: str) -> httpx.Response:
        seen.codes.append(code)
        answer = await http.post(to, json={"code": code, "ip": "192.0.2.7", "device_id": "phone-1"})
        answers.append(answer)
        return answer

    await offer(f"{path}/confirm", world.wrong(secret))
    confirmed = (await offer(f"{path}/confirm", world.code(secret))).json()
    recovery: list[str] = confirmed["recovery_codes"]
    await RedisChallengeIntake(store, world.clock).open([asked(f"c{number}") for number in range(6)])
    world.clock.at += 60
    for number, code in enumerate((world.wrong(secret), world.code(secret), world.code(secret))):
        passed = await offer(f"/v1/challenges/c{number}/verify", code)
        seen.secrets += [grant for grant in [passed.json().get("grant")] if grant]
    passed = await offer("/v1/challenges/c3/verify", recovery[0])
    seen.secrets += [passed.json()["grant"]]
    await offer("/v1/challenges/c4/verify", recovery[0])
    await offer("/v1/challenges/nobody/verify", world.code(secret))
    for junk in ("１２３４５６", "123456\n", f"{secret} ", [world.code(secret)]):
        answers.append(await http.post("/v1/challenges/c4/verify", json={"code": junk}))
    answers.append(await http.post(path, json={"proved_at": world.clock.at}))
    world.clock.at += 60
    made = (await offer(f"{path}/recovery-codes", world.code(secret))).json()
    recovery += made.get("recovery_codes", [])
    world.clock.at += 60
    await offer("/v1/challenges/c5/verify", world.code(secret))
    answers.append(await http.get(path))
    seen.secrets += [*recovery, *(code.replace("-", "") for code in recovery)]
    seen.codes = [code for code in seen.codes if code.isdigit() and not code.startswith("0000")]
    return [
        answer for answer in answers if "recovery_codes" not in answer.text and '"grant":"' not in answer.text
    ]


async def dumped(database: Database) -> str:
    """Every row of every table, bytes as text and in hex, and on SQLite the file itself."""
    written = []
    async with database.read() as connection:
        for table in metadata.sorted_tables:
            for row in (await connection.execute(select(table))).mappings():
                written += [value.hex() if isinstance(value, bytes) else str(value) for value in row.values()]
                written += [repr(value) for value in row.values() if isinstance(value, bytes)]
    if database.is_sqlite and database.url.database is not None:
        files = [Path(database.url.database + part) for part in ("", "-wal")]
        written += [file.read_bytes().decode("latin-1") for file in files if file.exists()]
    return "\n".join(written)


async def raised(work: Any) -> str:
    """What an exception says in every form that a log or a crash report would take."""
    with pytest.raises((VaultClosed, DBAPIError)) as caught:
        await work
    error = caught.value
    return "".join(traceback.format_exception(error)) + repr(error) + str(error.__dict__)


async def broken(world: World, http: httpx.AsyncClient, seen: Seen) -> None:
    """Codes offered while the row was altered, a table is gone, and the database is away."""
    secret = await world.enrolled("wang")
    code = world.code(secret)
    seen.secrets.append(secret)
    seen.codes.append(code)
    await world.issue("w1", "wang")
    async with world.database.begin() as connection:
        change = factors.update().where(factors.c.account_id == "wang").values(secret=b"\x01" + bytes(60))
        await connection.execute(change)
    told = [await raised(world.service.verify("w1", code, Context(ip="192.0.2.7")))]
    assert VaultClosed.__name__ in told[0]
    answers = [await http.post("/v1/challenges/w1/verify", json={"code": code})]
    async with world.database.begin() as connection:
        await connection.execute(text("ALTER TABLE audit_heads RENAME TO gone"))
    told.append(await raised(world.service.verify("w1", code, Context(ip="192.0.2.7"))))
    told.append(await raised(world.confirm("li", code)))
    told.append(await raised(world.enrol("zhao")))
    answers.append(await http.post("/v1/challenges/w1/verify", json={"code": code}))
    async with world.database.begin() as connection:
        await connection.execute(text("ALTER TABLE gone RENAME TO audit_heads"))
    assert [answer.status_code for answer in answers] == [500, 500]
    seen.places["exceptions"] = "\n".join(told)
    seen.places["broken answers"] = "\n".join(answer.text for answer in answers)


async def test_the_secret_and_codes_are_in_no_log_metric_problem_topic_store_or_dump(
    world: World, http: httpx.AsyncClient, store: Redis, everything_logged: pytest.LogCaptureFixture
) -> None:
    seen, topic, commands = Seen(), Topic(), list[str]()
    ready = asyncio.Event()
    watching = asyncio.create_task(monitored(store, commands, ready))
    await ready.wait()

    answers = await life(world, http, store, seen)
    await broken(world, http, seen)
    while await OutboxRelay(world.database, topic, world.clock).carry():
        pass
    await store.get(LAST)
    async with asyncio.timeout(60):
        await watching

    ours = [record for record in everything_logged.records if not record.name.startswith(CLIENTS)]
    seen.places |= {
        "logs": "\n".join(f"{record.getMessage()} {record.exc_text} {record.args}" for record in ours),
        "metrics": generate_latest(REGISTRY).decode(),
        "refusals": "\n".join(f"{answer.text} {answer.headers}" for answer in answers),
        "kafka": "\n".join(record.payload.decode() for record in topic.records),
        "redis": "\n".join(commands),
        "sql": await dumped(world.database),
    }
    assert all(seen.places.values())
    assert any(answer.headers["content-type"] == PROBLEM for answer in answers)
    assert len(seen.codes) > 5
    assert len(seen.secrets) > 20
    assert sorted(set(seen.leaks())) == []


async def test_this_search_finds_what_is_there() -> None:
    seen = Seen(secrets=["ABCDEFGH"], codes=["123456"])
    seen.places = {"a": "x abcdefgh", "b": "code=123456", "c": "0.123456", "d": "'123456'"}

    assert sorted(seen.leaks()) == [("a", "secret"), ("b", "code"), ("d", "code")]


def test_keys_are_in_no_text_form() -> None:
    written = repr([Keyring({1: KEY}, 1), Grants(Keyring({1: KEY}, 1)), build.__doc__])

    assert not any(form in written for form in (KEY.hex(), base64.b64encode(KEY).decode(), repr(KEY)))
