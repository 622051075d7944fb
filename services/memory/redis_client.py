"""How we talk to Redis or Valkey: scripts that survive a flush, errors in our words; `redis_connections` has the addresses."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.resources import files
from typing import Any

from redis import exceptions
from redis.asyncio import Redis, RedisCluster

from contracts.errors import Unavailable
from services.memory.redis_connections import CONNECT_TIMEOUT_S, TIMEOUT_S, connect, is_elsewhere

__all__ = [
    "CONNECT_TIMEOUT_S",
    "TIMEOUT_S",
    "Command",
    "Script",
    "ask",
    "ask_all",
    "ask_each",
    "ask_owner",
    "connect",
    "is_away",
    "leave_replicas",
    "reaching",
    "ready",
    "run_scripts",
    "unless_error",
]

#: The words of a command.
Command = tuple[Any, ...]

_AWAY = (
    exceptions.ConnectionError,
    exceptions.TimeoutError,
    exceptions.ReadOnlyError,
    exceptions.OutOfMemoryError,
    exceptions.ClusterDownError,
    exceptions.TryAgainError,
    exceptions.AskError,
)
_NEVER_AWAY = (exceptions.AuthenticationError, exceptions.AuthorizationError)
#: Codes that the client library leaves as plain response errors.
_AWAY_CODES = (
    "BUSY ",
    "OOM ",
    "MISCONF ",
    "UNKILLABLE ",
)


@contextmanager
def reaching() -> Iterator[None]:
    """Turns every error that says "not now" into Unavailable; errors of our own making pass and crash.

    The message names the kind of error only: the library's own quote commands, and those name accounts.
    """
    try:
        yield
    except exceptions.RedisError as error:
        if not is_away(error):
            raise
        raise Unavailable(f"redis: {type(error).__name__}") from None
    except exceptions.RedisClusterException as error:
        raise Unavailable(f"redis: {type(error).__name__}") from None


def is_away(error: exceptions.RedisError) -> bool:
    """Whether the server cannot serve now (down, loading, read-only, full, busy), as opposed to refusing us."""
    if isinstance(error, _NEVER_AWAY):
        return False
    return isinstance(error, _AWAY) or str(error).startswith(_AWAY_CODES) or is_elsewhere(error)


async def ask(client: Redis, *command: Any) -> Any:
    """The answer to one command, as the server gave it. Raises Unavailable."""
    with reaching():
        return await client.execute_command(*command)  # type: ignore[no-untyped-call]


async def ready(client: Redis) -> None:
    """Learn where a cluster's slots are, if it is one and that is not known. Raises Unavailable."""
    cluster: Any = client
    if isinstance(cluster, RedisCluster):
        with reaching():
            await cluster.initialize()


async def leave_replicas(client: Redis) -> None:
    """Close the connections that wait to be used when they lead to a replica, so that the address is looked up again.

    Who only reads would never be told. Raises Unavailable then, and when nobody answers.
    """
    cluster: Any = client
    if isinstance(cluster, RedisCluster):
        return
    try:
        role = await ask(client, "ROLE")
    except exceptions.NoPermissionError:
        return
    if role[0] != b"master":
        await client.connection_pool.disconnect()
        raise Unavailable("redis: the address led to a replica")


async def ask_owner(client: Redis, key: str, *command: Any) -> Any:
    """The answer of the server that holds the key, for commands that name none. Raises Unavailable."""
    cluster: Any = client
    if not isinstance(cluster, RedisCluster):
        return await ask(client, *command)
    await ready(client)
    with reaching():
        return await cluster.execute_command(*command, target_nodes=cluster.get_node_from_key(key))


async def ask_each(client: Redis, *command: Any) -> list[Any]:
    """The answers of every primary to a command that names no key. Raises Unavailable."""
    cluster: Any = client
    if not isinstance(cluster, RedisCluster):
        return [await ask(client, *command)]
    await ready(client)
    with reaching():
        return [
            await cluster.execute_command(*command, target_nodes=node) for node in cluster.get_primaries()
        ]


async def ask_all(client: Redis, commands: Sequence[Command]) -> list[Any]:
    """The answer to each command, errors among them, in one round trip. Raises Unavailable when any of them says so."""
    if not commands:
        return []
    pipeline = client.pipeline(transaction=False)
    for command in commands:
        pipeline.execute_command(*command)
    with reaching():
        answers: list[Any] = await pipeline.execute(raise_on_error=False)
        for answer in answers:
            if isinstance(answer, exceptions.RedisError) and is_away(answer):
                raise answer
    return answers


def unless_error(answers: Sequence[Any]) -> Sequence[Any]:
    """The answers as they are; raises the first that is an error."""
    for answer in answers:
        if isinstance(answer, exceptions.RedisError):
            raise answer
    return answers


class Script:
    """Lua files beside this one that make one script, called by its digest and sent again when the server has forgotten it."""

    def __init__(self, *file_names: str) -> None:
        folder = files("services.memory")
        self.body = "".join(folder.joinpath(name).read_text(encoding="utf-8") for name in file_names)
        self.digest = hashlib.sha1(self.body.encode(), usedforsecurity=False).hexdigest()

    async def run(self, client: Redis, calls: Sequence[Command]) -> Sequence[Any]:
        """The script's answer to each call, in one round trip. Raises Unavailable.

        A call is the number of its keys, the keys, the arguments.
        """
        return await run_scripts(client, [(self, call) for call in calls])


async def run_scripts(client: Redis, calls: Sequence[tuple[Script, Command]]) -> Sequence[Any]:
    """The answer to each script's call, in one round trip, as `Script.run` gives it. Raises Unavailable."""
    answers = await ask_all(client, [("EVALSHA", script.digest, *call) for script, call in calls])
    forgotten = [
        index for index, answer in enumerate(answers) if isinstance(answer, exceptions.NoScriptError)
    ]
    if forgotten:
        again = await ask_all(
            client, [("EVAL", calls[index][0].body, *calls[index][1]) for index in forgotten]
        )
        for index, answer in zip(forgotten, again, strict=True):
            answers[index] = answer
    return unless_error(answers)
