"""Names of devices, addresses, networks and payees as keyed hashes, so that memory holds none of them in clear."""

from __future__ import annotations

import socket
from collections.abc import Callable
from functools import lru_cache
from hashlib import blake2b

from contracts.profile import EVENT_ID_BYTES, Key

KEY_BYTES = 8
CACHED_KEYS = 100_000
_PREFIX_KIND = "prefix"
_MAPPED = b"\x00" * 10 + b"\xff\xff"


class Pseudonyms:
    """Keyed BLAKE2b (RFC 7693) of texts, separated by kind; the same key gives the same names for ever.

    `key` is a secret of 16 to 64 bytes. Raises ValueError for any other length. Kinds have at most 16 bytes.
    """

    def __init__(self, key: bytes, cached: int = CACHED_KEYS) -> None:
        if not 16 <= len(key) <= 64:
            raise ValueError("the pseudonym key must have 16 to 64 bytes")
        self._bases: dict[str, blake2b] = {}
        self._key = key
        self._event = blake2b(digest_size=KEY_BYTES, key=key, person=b"event")
        #: key_of(kind, text): the 8-byte key of a text; the most recent `cached` keys are kept
        self.key_of: Callable[[str, str], Key] = lru_cache(maxsize=cached)(self._key_of)
        #: prefix_key(ip): the key of the /24 (IPv4) or /48 (IPv6) an address lies in; None for text that is no address
        self.prefix_key: Callable[[str], Key | None] = lru_cache(maxsize=cached)(self._prefix_key)

    def event_key(self, event_id: str) -> Key:
        """The EVENT_ID_BYTES key of an event id, as `Profile.event_ids` and `Quarantined` hold it. Not cached."""
        digest = self._event.copy()
        digest.update(event_id.encode("utf-8", "surrogatepass"))
        return digest.digest()[:EVENT_ID_BYTES]

    def _key_of(self, kind: str, text: str) -> Key:
        return self._hashed(kind, text.encode("utf-8", "surrogatepass"))

    def _prefix_key(self, ip: str) -> Key | None:
        prefix = network_prefix(ip)
        return None if prefix is None else self._hashed(_PREFIX_KIND, prefix)

    def _hashed(self, kind: str, data: bytes) -> Key:
        base = self._bases.get(kind)
        if base is None:
            base = self._bases[kind] = blake2b(digest_size=KEY_BYTES, key=self._key, person=kind.encode())
        digest = base.copy()
        digest.update(data)
        return digest.digest()


def asn_key(asn: int) -> Key | None:
    """The key of a network by its number, in clear: b"ASN:" and four bytes; None beyond 32 bits (RFC 6793)."""
    return b"ASN:" + asn.to_bytes(4, "big") if 0 <= asn < 1 << 32 else None


def network_prefix(ip: str) -> bytes | None:
    """The first 3 bytes of an IPv4 address or 6 of an IPv6 address; None for text that is no address.

    An IPv4 address written inside IPv6 (::ffff:192.0.2.1) is the IPv4 address.
    """
    try:
        if ":" not in ip:
            return socket.inet_pton(socket.AF_INET, ip)[:3]
        address = socket.inet_pton(socket.AF_INET6, ip)
    except (OSError, ValueError):
        return None
    return address[12:15] if address.startswith(_MAPPED) else address[:6]
