"""How we talk to Redis or Valkey: packing in C, scripts that survive a flush, errors in our words."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.resources import files
from typing import Any

import hiredis
from redis import exceptions
from redis.asyncio import Redis
from redis.asyncio.connection import (
    Connection,
    ConnectionPool,
    SSLConnection,
    UnixDomainSocketConnection,
    parse_url,
)
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from contracts.errors import Unavailable

#: The words of a command.
Command = tuple[Any, ...]
#: Arguments in a piece of a large command.
_PIECE = 64
TIMEOUT_S = 5.0
CONNECT_TIMEOUT_S = 2.0

_AWAY = (
    exceptions.ConnectionError,
    exceptions.TimeoutError,
    exceptions.ReadOnlyError,
    exceptions.OutOfMemoryError,
    exceptions.ClusterDownError,
    exceptions.TryAgainError,
)
_NEVER_AWAY = (exceptions.AuthenticationError, exceptions.AuthorizationError)
#: Codes that the client library leaves as plain response errors.
_AWAY_CODES = (
    "BUSY ",
    "OOM ",
    "READONLY ",
    "LOADING ",
    "MISCONF ",
    "NOREPLICAS ",
    "UNKILLABLE ",
    "UNBLOCKED ",
)


def connect(url: str, timeout_s: float = TIMEOUT_S, connect_timeout_s: float = CONNECT_TIMEOUT_S) -> Redis:
    """A client for redis://, rediss:// or unix:// that gives up after `timeout_s` and reconnects once by itself.

    Nothing is opened until the first command. Close it with `aclose()`. Raises ValueError for any other URL.
    """
    options: dict[str, Any] = dict(parse_url(url))
    kind = options.pop("connection_class", Connection)
    options.setdefault("socket_timeout", timeout_s)
    options.setdefault("socket_connect_timeout", connect_timeout_s)
    retry = Retry(NoBackoff(), 1, supported_errors=(exceptions.ConnectionError,))
    pool: Any = ConnectionPool(connection_class=_PACKING[kind], protocol=2, retry=retry, **options)
    return Redis.from_pool(pool)


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


def is_away(error: exceptions.RedisError) -> bool:
    """Whether the server cannot serve now (down, loading, read-only, full, busy), as opposed to refusing us."""
    if isinstance(error, _NEVER_AWAY):
        return False
    return isinstance(error, _AWAY) or str(error).startswith(_AWAY_CODES)


async def ask(client: Redis, *command: Any) -> Any:
    """The answer to one command, as the server gave it. Raises Unavailable."""
    with reaching():
        return await client.execute_command(*command)  # type: ignore[no-untyped-call]


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


class _Packing:
    """Packs a command of keys in C, and one of many values in pieces.

    One buffer of megabytes a command is new memory each time; its page faults cost more than the packing.
    """

    def pack_command(self, *arguments: Any) -> list[bytes]:
        name = arguments[0]
        if isinstance(name, str) and " " in name:
            arguments = (*name.split(), *arguments[1:])
        if len(arguments) <= _PIECE or arguments[-1].__class__ is not bytes:
            return [hiredis.pack_command(arguments)]
        pieces = [b"*%d\r\n" % len(arguments)]
        for start in range(0, len(arguments), _PIECE):
            piece = arguments[start : start + _PIECE]
            pieces.append(hiredis.pack_command(piece)[len(b"*%d\r\n" % len(piece)) :])
        return pieces


class _PackingConnection(_Packing, Connection):
    pass


class _PackingSSLConnection(_Packing, SSLConnection):
    pass


class _PackingUnixConnection(_Packing, UnixDomainSocketConnection):
    pass


_PACKING: dict[Any, Any] = {
    Connection: _PackingConnection,
    SSLConnection: _PackingSSLConnection,
    UnixDomainSocketConnection: _PackingUnixConnection,
}
