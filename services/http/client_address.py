"""Whose address a request has: the peer's, unless the peer is a proxy that the operator trusts to say whose.

`X-Forwarded-For` is read from its end, past the trusted proxies that wrote it; the first address that is none of them is
the client's. Whatever stands before it was written by the client and says nothing. `Forwarded` and `X-Real-IP` are not read.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

Network = IPv4Network | IPv6Network

_MOST_HOPS = 32


class TrustedProxies:
    """Networks of the proxies whose `X-Forwarded-For` is believed; none by default."""

    def __init__(self, networks: Iterable[Network] = ()) -> None:
        self._networks = tuple(networks)
        self._is_trusted = lru_cache(maxsize=4096)(self._look_up)

    @classmethod
    def parse(cls, text: str) -> TrustedProxies:
        """Those of the setting: networks or addresses separated by commas. Raises ValueError naming the one that is none."""
        networks = []
        for part in filter(None, (each.strip() for each in text.split(","))):
            try:
                networks.append(ip_network(part))
            except ValueError:
                raise ValueError(
                    f"PAYGUARD_TRUSTED_PROXIES: {part} is no network such as 10.0.0.0/24"
                ) from None
        return cls(networks)

    def client_of(self, peer: str, forwarded_for: Iterable[bytes]) -> str:
        """The client's address, as text; the peer's own where nobody trusted says otherwise."""
        client = _address(peer)
        if client is None or not self._networks or not self._is_trusted(client):
            return peer if client is None else str(client)
        hops = b",".join(forwarded_for).decode("latin-1").split(",")[-_MOST_HOPS:]
        for hop in reversed(hops):
            said = _address(hop.strip())
            if said is None:
                break
            client = said
            if not self._is_trusted(client):
                break
        return str(client)

    def _look_up(self, address: IPv4Address | IPv6Address) -> bool:
        return any(address.version == network.version and address in network for network in self._networks)


def _address(text: str) -> IPv4Address | IPv6Address | None:
    """The address in a hop, which may carry a port, brackets or a zone; an IPv4 one inside an IPv6 one is IPv4."""
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        address = ip_address(text.partition("%")[0])
    except ValueError:
        return None
    inside = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return inside or address
