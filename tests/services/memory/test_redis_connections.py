"""Addresses of Redis in all their forms, and connections that let go of a server that is no primary any more."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from redis import exceptions
from redis.asyncio import Redis

from contracts.errors import Unavailable
from contracts.ports import Shard
from services.memory.redis_client import ask, connect, is_away, leave_replicas
from services.memory.redis_connections import is_elsewhere, parse
from services.memory.redis_store import RedisChallengeIntake, RedisProfileStore, RedisReplies, RedisTallyStore
from services.platform.embedded import EmbeddedStore
from tests.contracts.test_challenge_intake import requested
from tests.contracts.test_profile_store import loaded, saved
from tests.contracts.test_tally_store import asked, batch

SHARD = Shard(1, 0)


class MovingAddress:
    """A port whose new connections go to `target`; old ones stay where they are, as behind a virtual address."""

    def __init__(self, target: int, password: str) -> None:
        self.target = target
        self._password = password
        self.port = 0
        self._pumps: set[asyncio.Task[None]] = set()

    @asynccontextmanager
    async def open(self) -> AsyncIterator[str]:
        """The URL of the address while the block lasts."""
        server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        try:
            yield f"redis://:{self._password}@127.0.0.1:{self.port}/0"
        finally:
            server.close()
            for pump in self._pumps:
                pump.cancel()
            await asyncio.gather(*self._pumps, return_exceptions=True)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            there, back = await asyncio.open_connection("127.0.0.1", self.target)
        except OSError:
            writer.close()
            return
        for source, target in ((reader, back), (there, writer)):
            pump = asyncio.create_task(_pump(source, target))
            self._pumps.add(pump)
            pump.add_done_callback(self._pumps.discard)


async def _pump(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
    try:
        while piece := await source.read(65536):
            target.write(piece)
            await target.drain()
    except (ConnectionError, asyncio.CancelledError):
        return
    finally:
        target.close()


def made_once(folder: Path) -> Path:
    """The folder of a store that has a password and was not started yet."""
    assert EmbeddedStore(folder).password
    return folder


@asynccontextmanager
async def pair(folder: Path) -> AsyncIterator[tuple[EmbeddedStore, EmbeddedStore]]:
    """A primary and its replica."""
    (folder / "two").mkdir()
    shutil.copytree(made_once(folder / "one"), folder / "two", dirs_exist_ok=True)
    with EmbeddedStore(folder / "one") as one, EmbeddedStore(folder / "two") as two:
        for store in (one, two):
            client = connect(store.url)
            await ask(client, "CONFIG", "SET", "masterauth", one.password)
            await client.aclose()
        client = connect(two.start())
        await ask(client, "REPLICAOF", "127.0.0.1", one.port)
        await client.aclose()
        yield one, two


@dataclass
class Moved:
    """A primary, its replica, and a client that reaches whichever of them its address leads to."""

    old: EmbeddedStore
    new: EmbeddedStore
    address: MovingAddress
    client: Redis

    async def exchange(self) -> None:
        """The replica becomes the primary, and the old primary its replica, which keeps every connection open."""
        for store, command in ((self.new, ("NO", "ONE")), (self.old, ("127.0.0.1", self.new.port))):
            client = connect(store.start())
            await ask(client, "REPLICAOF", *command)
            await client.aclose()

    def lead_to_the_new_one(self) -> None:
        self.address.target = self.new.port


@pytest.fixture
async def moved(tmp_path: Path) -> AsyncIterator[Moved]:
    """Before anything moved."""
    async with pair(tmp_path) as (old, new):
        address = MovingAddress(old.port, old.password)
        async with address.open() as url:
            client = connect(url)
            yield Moved(old, new, address, client)
            await client.aclose()


async def test_every_kind_of_use_goes_on_where_the_address_now_leads(moved: Moved) -> None:
    profiles = RedisProfileStore(moved.client)
    await saved(profiles, ("ann", 1, b"one"))
    await moved.exchange()
    moved.lead_to_the_new_one()

    assert await saved(profiles, ("ann", 2, b"two")) == 0
    await RedisTallyStore(moved.client).observe([(SHARD, batch([asked(1)]))])
    await RedisReplies(moved.client).deliver([("api", "e1", b"{}")])
    await RedisChallengeIntake(moved.client, lambda: 0.0).open([requested("c1")])
    there = connect(moved.new.start())
    assert await loaded(RedisProfileStore(there), "ann") == [(2, b"two")]
    assert await RedisReplies(there).get("e1") == b"{}"
    await there.aclose()


async def test_while_the_address_still_leads_to_the_replica_it_is_unavailable(moved: Moved) -> None:
    profiles = RedisProfileStore(moved.client)
    await saved(profiles, ("ann", 1, b"one"))
    await moved.exchange()
    with pytest.raises(Unavailable):
        await saved(profiles, ("ann", 2, b"two"))
    moved.lead_to_the_new_one()

    assert await saved(profiles, ("ann", 2, b"two")) == 0


async def test_who_only_reads_leaves_a_replica_too(moved: Moved) -> None:
    await leave_replicas(moved.client)
    await moved.exchange()
    moved.lead_to_the_new_one()
    with pytest.raises(Unavailable, match="replica"):
        await leave_replicas(moved.client)

    await leave_replicas(moved.client)
    assert (await ask(moved.client, "INFO", "server"))["tcp_port"] == moved.new.port


@pytest.mark.parametrize(
    "text",
    [
        "READONLY You can't write against a read only replica.",
        "ERR Error running script (call to f_0): @user_script:1: -READONLY You can't write against a read only replica.",
        "UNBLOCKED force unblock from blocking operation, instance state changed (master -> replica?)",
        "MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'.",
        "CLUSTERDOWN The cluster is down",
        "LOADING Redis is loading the dataset in memory",
        "NOREPLICAS Not enough good replicas to write.",
    ],
)
def test_who_is_no_primary_now_is_let_go_of(text: str) -> None:
    error = exceptions.ResponseError(text)

    assert is_elsewhere(error)
    assert is_away(error)


@pytest.mark.parametrize("text", ["OOM command not allowed", "BUSY is busy", "WRONGTYPE x", "ERR syntax"])
def test_who_cannot_serve_but_is_the_primary_is_kept(text: str) -> None:
    assert not is_elsewhere(exceptions.ResponseError(text))


@pytest.mark.parametrize(
    ("url", "kind", "hosts", "service", "tls"),
    [
        ("redis://h:1/2", "single", (), "", False),
        ("rediss://h:1/2", "single", (), "", True),
        ("redis+sentinel://a:1,b:2/mymaster/3", "sentinel", (("a", 1), ("b", 2)), "mymaster", False),
        ("redis+sentinel://a,b/my%20master", "sentinel", (("a", 26379), ("b", 26379)), "my master", False),
        ("rediss+sentinel://[::1]:1,[::2]/m", "sentinel", (("::1", 1), ("::2", 26379)), "m", True),
        ("redis+cluster://a:1,b,c:3", "cluster", (("a", 1), ("b", 6379), ("c", 3)), "", False),
        ("rediss+cluster://u:p@a:1/0", "cluster", (("a", 1),), "", True),
    ],
)
def test_an_address_says_where_and_how(
    url: str, kind: str, hosts: tuple[tuple[str, int], ...], service: str, tls: bool
) -> None:
    found = parse(url)

    assert (found.kind, found.hosts, found.service, found.tls) == (kind, hosts, service, tls)


def test_passwords_of_servers_and_of_sentinel_are_apart() -> None:
    found = parse(
        "redis+sentinel://ann:p%40ss@a:1/m/2?sentinel_username=bo&sentinel_password=s&socket_timeout=3"
    )

    assert (found.options["username"], found.options["password"], found.options["db"]) == ("ann", "p@ss", 2)
    assert found.options["socket_timeout"] == 3
    assert found.sentinel_options == {"username": "bo", "password": "s"}


@pytest.mark.parametrize(
    "url",
    [
        "http://h",
        "",
        "redis",
        "redis+sentinel://a:1",
        "redis+sentinel://a:1/",
        "redis+sentinel:///m",
        "redis+sentinel://a:x/m",
        "redis+sentinel://a:1,/m",
        "redis+sentinel://a:1/m/0/1",
        "redis+cluster://",
        "redis+cluster://a/1",
        "redis+other://a/1",
        "unix+cluster://a",
        "redis+sentinel://:secret@a:x/m",
    ],
)
def test_another_address_is_refused_without_its_password(url: str) -> None:
    with pytest.raises(ValueError, match=r"redis\+sentinel://") as caught:
        parse(url)

    assert "secret" not in str(caught.value)
