"""Connections, scripts and errors of Redis and Valkey."""

from __future__ import annotations

import asyncio
import os
import signal
from pathlib import Path
from typing import Any

import hiredis
import pytest
from redis import exceptions
from redis.asyncio import Redis

from contracts.errors import Unavailable
from contracts.ports import Shard
from services.memory.redis_client import ask, connect, is_away
from services.memory.redis_store import RedisProfileStore, RedisReplies, RedisTallyStore
from services.platform.embedded import EmbeddedStore
from tests.contracts.test_profile_store import loaded, saved
from tests.contracts.test_tally_store import asked, batch

SHARD = Shard(1, 0)


async def test_scripts_survive_a_flush(client: Redis) -> None:
    store = RedisProfileStore(client, "flush")
    await saved(store, ("ann", 1, b"one"))
    await ask(client, "SCRIPT FLUSH")

    assert await saved(store, ("ann", 2, b"two")) == 0


async def test_a_killed_server_is_unavailable_and_serves_again_after_its_restart(
    own_store: EmbeddedStore, own_client: Redis
) -> None:
    store = RedisProfileStore(own_client)
    await saved(store, ("ann", 1, b"one"))
    own_store.kill9()
    for attempt in (loaded(store, "ann"), saved(store, ("ann", 2, b"two"))):
        with pytest.raises(Unavailable):
            await attempt
    own_store.start()

    assert await saved(store, ("ann", 3, b"three")) == 0


async def test_a_server_that_does_not_answer_in_time_is_unavailable(own_store: EmbeddedStore) -> None:
    client = connect(own_store.start(), timeout_s=0.1)
    store = RedisProfileStore(client)
    await loaded(store, "ann")
    assert own_store.pid is not None
    os.kill(own_store.pid, signal.SIGSTOP)
    try:
        with pytest.raises(Unavailable):
            await loaded(store, "ann")
    finally:
        os.kill(own_store.pid, signal.SIGCONT)

    assert await loaded(store, "ann") == [None]
    await client.aclose()


@pytest.mark.parametrize(
    "made_so",
    [("CONFIG", "SET", "maxmemory", "1"), ("REPLICAOF", "127.0.0.1", "1")],
    ids=["full", "a replica"],
)
async def test_a_server_that_takes_no_writes_is_unavailable(
    own_client: Redis, made_so: tuple[str, ...]
) -> None:
    await ask(own_client, *made_so)
    for attempt in (
        saved(RedisProfileStore(own_client), ("ann", 1, b"one")),
        RedisTallyStore(own_client).observe([(SHARD, batch([asked(1)]))]),
        RedisReplies(own_client).deliver([("api", "e1", b"{}")]),
    ):
        with pytest.raises(Unavailable):
            await attempt


async def test_a_server_busy_with_a_script_is_unavailable(
    own_store: EmbeddedStore, own_client: Redis
) -> None:
    await ask(own_client, "CONFIG", "SET", "busy-reply-threshold", "1")
    other = connect(own_store.start())
    endless = asyncio.create_task(ask(other, "EVAL", "while true do end", 0))
    store = RedisProfileStore(own_client)

    async def loaded_until_refused() -> None:
        async with asyncio.timeout(60):
            while True:
                await loaded(store, "ann")

    with pytest.raises(Unavailable):
        await loaded_until_refused()
    await ask(own_client, "SCRIPT", "KILL")
    with pytest.raises(exceptions.ResponseError, match="killed"):
        await endless
    await other.aclose()


@pytest.mark.parametrize(
    ("error", "passes"),
    [
        (exceptions.BusyLoadingError("Redis is loading the dataset in memory"), True),
        (exceptions.ResponseError("BUSY Redis is busy running a script"), True),
        (exceptions.ResponseError("MISCONF Errors writing to the AOF file"), True),
        (exceptions.ClusterDownError("Hash slot not served"), True),
        (exceptions.AuthenticationError("invalid password"), False),
        (exceptions.NoPermissionError("no permission"), False),
        (exceptions.ResponseError("WRONGTYPE Operation against a key"), False),
        (exceptions.DataError("Invalid input"), False),
    ],
)
def test_an_error_that_passes_is_away_and_one_of_our_own_making_is_not(
    error: exceptions.RedisError, passes: bool
) -> None:
    assert is_away(error) is passes


async def test_an_error_of_our_own_making_crashes(client: Redis) -> None:
    await ask(client, "LPUSH", "pg:answers:wrongtype", "x")
    with pytest.raises(exceptions.ResponseError, match="WRONGTYPE"):
        await RedisReplies(client).get("wrongtype")
    await ask(client, "DEL", "pg:answers:wrongtype")


async def test_unavailable_names_no_account(own_store: EmbeddedStore, own_client: Redis) -> None:
    own_store.kill9()
    with pytest.raises(Unavailable) as caught:
        await loaded(RedisProfileStore(own_client), "account-of-ann")

    assert "ann" not in repr(caught.value)
    assert caught.value.__cause__ is None


class StoreOnUnixSocket(EmbeddedStore):
    """Listens on a file too."""

    def _argv(self) -> list[str]:
        return [*super()._argv(), "--unixsocket", str(self.folder / "s")]


async def test_a_unix_socket_will_do(tmp_path: Path) -> None:
    with StoreOnUnixSocket(tmp_path) as server:
        client = connect(f"unix://:{server.password}@{tmp_path}/s?db=3")
        store = RedisProfileStore(client)
        await saved(store, ("ann", 1, b"one"))

        assert await loaded(store, "ann") == [(1, b"one")]
        await client.aclose()


@pytest.mark.parametrize("count", [0, 1, 60, 61, 62, 64, 1000])
@pytest.mark.parametrize("value", [b"", b"\r\n\x00", b"x" * 3000, "账户", 7])
def test_a_command_in_pieces_is_the_command(count: int, value: bytes | str | int) -> None:
    command = ("a", 1, *[value] * count)
    whole: Any = ("SET", "SOME", *command)
    packing: Any = connect("redis://127.0.0.1").connection_pool.connection_class.pack_command

    assert b"".join(packing(None, "SET SOME", *command)) == hiredis.pack_command(whole)


def test_a_url_of_another_kind_is_refused() -> None:
    with pytest.raises(ValueError, match="redis://"):
        connect("http://127.0.0.1")
