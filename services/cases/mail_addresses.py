"""Addresses: which are the same, and how one is shown without being given away. Pure."""

from __future__ import annotations

import string
from hashlib import blake2b

_LOWER = str.maketrans(string.ascii_uppercase, string.ascii_lowercase)
#: Few addresses share a notice; longer, and a Message-ID no longer fits one line.
_KEY_BYTES = 4


def same_address(first: str, second: str) -> bool:
    """Whether two addresses reach the same box: the case of ASCII letters makes no difference."""
    return first.translate(_LOWER) == second.translate(_LOWER)


def same_point(channel: str, first: str, second: str) -> bool:
    """The same of two addresses of that kind: but for mail, each letter counts."""
    return same_address(first, second) if channel == "mail" else first == second


def address_key(address: str) -> str:
    """A short name of an address, the same for addresses that are the same; 8 hexadecimal digits."""
    return blake2b(address.translate(_LOWER).encode(), digest_size=_KEY_BYTES).hexdigest()


def masked(address: str) -> str:
    """What may be shown of an address: "l•••@upay.example", "+86•••34", "•••4f2a"."""
    if address.startswith("{"):
        return "•••"
    name, at, domain = address.rpartition("@")
    if at and name:
        return f"{name[:1]}•••@{domain}"
    return f"{address[:3]}•••{address[-2:]}" if address.startswith("+") else f"•••{address[-4:]}"
