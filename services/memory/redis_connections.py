"""From an address to a client of Redis or Valkey: one server, the primary that Sentinel names, or a cluster.

A server that says it is no primary any more, or not yet one that serves, has its connection closed: the next command looks
the address up again and connects anew. A fail-over that keeps the old primary as a replica is over when the new one serves.
"""

from __future__ import annotations

from typing import Any, cast
from urllib.parse import unquote, urlsplit

import hiredis
from msgspec import Struct
from redis import exceptions
from redis.asyncio import Redis, RedisCluster
from redis.asyncio.cluster import ClusterNode
from redis.asyncio.connection import (
    AbstractConnection,
    Connection,
    ConnectionPool,
    SSLConnection,
    UnixDomainSocketConnection,
    parse_url,
)
from redis.asyncio.retry import Retry
from redis.asyncio.sentinel import (
    Sentinel,
    SentinelConnectionPool,
    SentinelManagedConnection,
    SentinelManagedSSLConnection,
)
from redis.backoff import NoBackoff

TIMEOUT_S = 5.0
CONNECT_TIMEOUT_S = 2.0
#: Arguments in a piece of a large command.
_PIECE = 64
_SENTINEL_PORT, _CLUSTER_PORT = 26379, 6379
_FORMS = (
    "redis://HOST:PORT/DB, unix://FILE, redis+sentinel://HOST:PORT,HOST:PORT/SERVICE/DB or "
    "redis+cluster://HOST:PORT,HOST:PORT; rediss for TLS"
)
#: What a server answers that is not, or not now, the one to talk to. Inside the text where a script was refused.
_ELSEWHERE = ("READONLY ", "MASTERDOWN ", "CLUSTERDOWN ", "UNBLOCKED ", "NOREPLICAS ", "LOADING ")


class Address(Struct, frozen=True):
    """A parsed URL: `kind` is single, sentinel or cluster. `options` are those of connections to the servers themselves."""

    kind: str
    hosts: tuple[tuple[str, int], ...]
    service: str
    options: dict[str, Any]
    sentinel_options: dict[str, Any]
    tls: bool


def connect(url: str, timeout_s: float = TIMEOUT_S, connect_timeout_s: float = CONNECT_TIMEOUT_S) -> Redis:
    """A client that gives up after `timeout_s` and reconnects once by itself; see `parse` for what `url` may be.

    Nothing is opened until the first command. Close it with `aclose()`. Raises ValueError for any other URL.
    """
    address = parse(url)
    options = address.options
    for each in (options, address.sentinel_options):
        each.setdefault("socket_timeout", timeout_s)
        each.setdefault("socket_connect_timeout", connect_timeout_s)
    if address.kind == "cluster":
        return cast(Redis, _PackingCluster(address))
    retry = Retry(NoBackoff(), 1, supported_errors=(exceptions.ConnectionError,))
    if address.kind == "sentinel":
        return Redis.from_pool(_SentinelPool(address, retry))
    kind = options.pop("connection_class", Connection)
    pool: Any = ConnectionPool(connection_class=_PACKING[kind], protocol=2, retry=retry, **options)
    return Redis.from_pool(pool)


def parse(url: str) -> Address:
    """What a URL says: `redis://`, `rediss://`, `unix://`, and with several hosts `redis+sentinel://` and `redis+cluster://`.

    User and password are the servers'; `sentinel_username` and `sentinel_password` in the query are Sentinel's. Raises
    ValueError, which quotes neither.
    """
    scheme, separator, rest = url.partition("://")
    base, _, kind = scheme.partition("+")
    if not kind:
        try:
            return Address("single", (), "", dict(parse_url(url)), {}, base == "rediss")
        except ValueError as error:
            raise ValueError(
                f"not an address of Redis ({_without(str(error), url)}); known: {_FORMS}"
            ) from None
    if not separator or base not in ("redis", "rediss") or kind not in ("sentinel", "cluster"):
        raise ValueError(f"not an address of Redis; known: {_FORMS}")
    parts = urlsplit(f"//{rest}", allow_fragments=False)
    credentials, at, hosts = parts.netloc.rpartition("@")
    path = [unquote(each) for each in parts.path.split("/") if each]
    service = path.pop(0) if kind == "sentinel" and path else ""
    if (
        (kind == "sentinel" and not service)
        or len(path) > 1
        or (kind == "cluster" and path not in ([], ["0"]))
    ):
        raise ValueError(f"a {kind} address has another path; known: {_FORMS}")
    query = f"?{parts.query}" if parts.query else ""
    options = dict(parse_url(f"{base}://{credentials}{at}host/{path[0] if path else 0}{query}"))
    del options["host"]
    options.pop("connection_class", None)
    own = {name: options.pop(f"sentinel_{name}", None) for name in ("username", "password")}
    sentinel_options = {name: value for name, value in own.items() if value is not None}
    tls = base == "rediss"
    shared = {name: value for name, value in options.items() if name.startswith("ssl_")}
    port = _SENTINEL_PORT if kind == "sentinel" else _CLUSTER_PORT
    return Address(kind, _hosts(hosts, port), service, options, {**sentinel_options, **shared}, tls)


def _hosts(text: str, port: int) -> tuple[tuple[str, int], ...]:
    found = []
    for each in text.split(","):
        try:
            one = urlsplit(f"//{each}")
            host, given = one.hostname, one.port
        except ValueError:
            host = given = None
        if not host:
            raise ValueError(f"an address of Redis has a host without a name; known: {_FORMS}")
        found.append((host, given or port))
    return tuple(found)


def _without(text: str, url: str) -> str:
    return text.replace(url, "URL")


def is_elsewhere(error: Exception) -> bool:
    """Whether the answer says that another server, or a new look-up, is needed."""
    text = str(error)
    return any(code in text for code in _ELSEWHERE) or isinstance(
        error, (exceptions.ReadOnlyError, exceptions.MasterDownError, exceptions.ClusterDownError)
    )


class _Packing(AbstractConnection):
    """Packs a command of keys in C, and one of many values in pieces; lets go of a server that is no primary.

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

    async def read_response(self, *arguments: Any, **options: Any) -> Any:
        """The answer; ConnectionError, with the connection closed, when the server is not the one to talk to."""
        try:
            return await super().read_response(*arguments, **options)
        except exceptions.ResponseError as error:
            if not is_elsewhere(error):
                raise
            await self.disconnect()
            raise exceptions.ConnectionError("the server is no primary, or does not serve now") from None


class _PackingConnection(_Packing, Connection):
    pass


class _PackingSSLConnection(_Packing, SSLConnection):
    pass


class _PackingUnixConnection(_Packing, UnixDomainSocketConnection):
    pass


class _PackingSentinelConnection(_Packing, SentinelManagedConnection):
    pass


class _PackingSentinelSSLConnection(_Packing, SentinelManagedSSLConnection):
    pass


_PACKING: dict[Any, Any] = {
    Connection: _PackingConnection,
    SSLConnection: _PackingSSLConnection,
    UnixDomainSocketConnection: _PackingUnixConnection,
}


class _SentinelPool(SentinelConnectionPool):
    """Connections to the primary that Sentinel names; each new one asks who that is."""

    def __init__(self, address: Address, retry: Retry) -> None:
        options = dict(address.sentinel_options)
        if address.tls:
            options["ssl"] = True
        self.sentinel: Any = Sentinel(address.hosts, sentinel_kwargs=options)  # type: ignore[no-untyped-call]
        kind = _PackingSentinelSSLConnection if address.tls else _PackingSentinelConnection
        super().__init__(  # type: ignore[no-untyped-call]
            address.service,
            self.sentinel,
            connection_class=kind,
            protocol=2,
            retry=retry,
            **address.options,
        )

    async def aclose(self) -> None:
        """Close the connections to the servers and to Sentinel."""
        await super().aclose()
        await self.sentinel.aclose()


class _PackingCluster(RedisCluster):
    """A cluster's client whose connections are ours."""

    def __init__(self, address: Address) -> None:
        nodes = [ClusterNode(host, port) for host, port in address.hosts]
        options = {name: value for name, value in address.options.items() if name != "db"}
        retry = Retry(NoBackoff(), 2)
        super().__init__(startup_nodes=nodes, ssl=address.tls, protocol=2, retry=retry, **options)
        kind = _PackingSSLConnection if address.tls else _PackingConnection
        self.connection_kwargs["connection_class"] = kind
        for node in self.nodes_manager.startup_nodes.values():
            node.connection_class = kind
