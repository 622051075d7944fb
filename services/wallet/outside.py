"""Requests to addresses that strangers name: never into the operator's own networks, not even after DNS has answered."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from ipaddress import IPv6Address, ip_address
from urllib.parse import urlsplit

import httpcore
from httpcore import AnyIOBackend, AsyncNetworkBackend, AsyncNetworkStream

from contracts.errors import Malformed

MOST_URL = 2048


class PrivateAddress(httpcore.ConnectError):
    """The name leads to an address that is not on the internet."""


def check_url(url: str, allow_private: bool) -> None:
    """Raises Malformed with the rule for a URL that no webhook may have: https, no credentials, no private address.

    Where private networks are allowed, plain http is as well.
    """
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise Malformed("webhook_url", "the URL of a webhook is https://HOST[:PORT]/PATH") from None
    schemes = ("https", "http") if allow_private else ("https",)
    if parts.scheme not in schemes or not parts.hostname or len(url) > MOST_URL or port == 0:
        raise Malformed("webhook_url", f"the URL of a webhook is {' or '.join(schemes)}://HOST[:PORT]/PATH")
    if (
        parts.username is not None
        or parts.fragment
        or not url.isascii()
        or not url.isprintable()
        or " " in url
    ):
        raise Malformed(
            "webhook_url", "the URL of a webhook is plain ASCII, without user, password or fragment"
        )
    if not allow_private and not _may_be_public(parts.hostname):
        raise Malformed("webhook_url", "the URL of a webhook must not name a private address")


def _may_be_public(host: str) -> bool:
    try:
        return is_public(host)
    except ValueError:
        return host != "localhost" and not host.endswith((".localhost", ".local", ".internal"))


def is_public(address: str) -> bool:
    """Whether the address is on the internet (IANA's registries, as `ipaddress` has them). Raises ValueError for no address."""
    found = ip_address(address.partition("%")[0])
    if isinstance(found, IPv6Address):
        inner = found.ipv4_mapped or found.sixtofour
        if inner is not None:
            found = inner
    return found.is_global and not found.is_multicast


class _Outside(AsyncNetworkBackend):
    """Connects to public addresses only: the very address that was looked at is the one connected to."""

    def __init__(self, allow_private: bool) -> None:
        self._allow_private = allow_private
        self._inner = AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> AsyncNetworkStream:
        try:
            found = await asyncio.get_running_loop().getaddrinfo(host, port, type=1)
        except OSError:
            raise httpcore.ConnectError("the name has no address") from None
        addresses = list(dict.fromkeys(str(each[4][0]) for each in found))
        usable = [each for each in addresses if self._allow_private or is_public(each)]
        if not usable:
            raise PrivateAddress("the name leads to a private address")
        return await self._inner.connect_tcp(usable[0], port, timeout, local_address, socket_options)

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


@asynccontextmanager
async def outside(allow_private: bool) -> AsyncIterator[httpcore.AsyncConnectionPool]:
    """A pool of connections to the internet that follows no redirects."""
    async with httpcore.AsyncConnectionPool(
        ssl_context=ssl.create_default_context(),
        network_backend=_Outside(allow_private),
        max_connections=50,
        max_keepalive_connections=10,
        keepalive_expiry=30.0,
    ) as pool:
        yield pool
