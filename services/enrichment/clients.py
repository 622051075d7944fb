"""What the texts of a client's address and device id name: the one address, whether it is anybody's, and whether a device at all.

Read are an address alone, with a port, in brackets or with a zone, a list as X-Forwarded-For has it and the `for=` of RFC 7239.
Of several addresses the client is the first that is public. IPv4 inside IPv6 is IPv4.
"""

from __future__ import annotations

import re
import unicodedata
from hashlib import md5, sha1, sha256
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Literal

from msgspec import Struct

from services.enrichment.network_lists import Address

#: Blocks whose addresses name a machine inside a network, a group or nothing, and so no client (RFC 6890 and its updates).
#: Documentation and benchmarking blocks are left out: tests and examples use them for clients. So is 240.0.0.0/4, in which
#: proxies tell IPv6 clients apart to servers that know IPv4 alone.
_NOBODY = tuple(
    ip_network(block)
    for block in (
        "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24",
        "192.168.0.0/16", "224.0.0.0/4", "255.255.255.255/32",
        "::/127", "100::/64", "fc00::/7", "fe80::/9", "ff00::/8",
    )
)  # fmt: skip
#: The first and the last address of each block as numbers, by version.
_NOBODYS_NUMBERS = {
    version: [(int(block[0]), int(block[-1])) for block in _NOBODY if block.version == version]
    for version in (4, 6)
}
_TRANSLATED = ip_network("64:ff9b::/96")
_SEPARATORS = re.compile(r"[,;\s]+")
_WITH_PORT = re.compile(r"\[([^\]]*)\](?::\d{1,5})?|([0-9.]+):\d{1,5}")
_HOST_BITS = re.compile(r"/(32|128)$")
_LONGEST = 4_096
_MOST_HOPS = 64
#: What programs write for "there is none", without case, spaces and punctuation.
_WORDS = frozenset(
    {
        "anonymous", "blank", "default", "deviceid", "empty", "error", "false", "missing", "na", "nan", "nil",
        "nodevice", "nodeviceid", "noid", "none", "notapplicable", "notavailable", "notfound", "notset", "null",
        "nullnull", "objectobject", "placeholder", "string", "tbd", "true", "unavailable", "undefined", "unknown",
        "unknowndevice", "unset",
    }
)  # fmt: skip
#: The id that a fault of Android 2.2 gave to phones of many makers, and the hardware address that systems show instead of
#: their own (02:00:00:00:00:00).
_SAME_EVERYWHERE = frozenset({"9774d56d682e549c", "020000000000"})
_ZERO_UUID = "0" * 32
#: Ids are often hashed by whoever sends them, the missing ones too.
_HASHED = frozenset(
    made(text.encode()).hexdigest()
    for made in (md5, sha1, sha256)
    for text in (
        "",
        "null",
        "undefined",
        "unknown",
        "none",
        "00000000-0000-0000-0000-000000000000",
        "9774d56d682e549c",
    )
)
#: An id of this many equal letters f is no chance.
_LEAST_ONES = 8
#: ASCII that is neither letter nor digit.
_SIGNS = bytes(code for code in range(128) if not chr(code).isalnum())

Fault = Literal["", "not_public", "malformed"]


class Client(Struct, frozen=True):
    """The address of a client; None with the fault that it has: it is nobody's, or the text holds no address."""

    address: Address | None
    fault: Fault = ""


def client_of(text: str) -> Client:
    """The client that an address text names."""
    found = False
    for part in _SEPARATORS.split(text[:_LONGEST].strip())[:_MOST_HOPS]:
        address = _address(part)
        if address is None:
            continue
        found = True
        if is_public(address):
            return Client(address)
    return Client(None, "not_public" if found else "malformed")


def is_public(address: Address) -> bool:
    """Whether the address can be a client's on the internet."""
    number = int(address)
    return not any(first <= number <= last for first, last in _NOBODYS_NUMBERS[address.version])


def identity(address: Address) -> str:
    """What stands for whoever has the address: itself, and of IPv6 its /64, within which one machine chooses as it likes."""
    if isinstance(address, IPv4Address):
        return str(address)
    return f"{IPv6Address(int(address) >> 64 << 64)}/64"


def names_no_device(device_id: str) -> bool:
    """Whether the text is a placeholder: all zeros, empty, "unknown" and kin, in any case, width and punctuation."""
    if device_id.isascii():
        core = device_id.encode().translate(None, _SIGNS).lower().decode()
    else:
        core = "".join(filter(str.isalnum, unicodedata.normalize("NFKC", device_id).casefold()))
    return (
        not core.strip("0")
        or (not core.strip("f") and len(core) >= _LEAST_ONES)
        or core in _WORDS
        or core in _SAME_EVERYWHERE
        or core in _HASHED
        or _ZERO_UUID in core
        or device_id.strip() == "-1"
    )


def _address(part: str) -> Address | None:
    """One address in its one form; None for anything else."""
    name, equals, value = part.partition("=")
    if equals:
        if name.lower() != "for":
            return None
        part = value
    part = part.strip("\"'")
    with_port = _WITH_PORT.fullmatch(part)
    if with_port is not None:
        part = with_port[1] or with_port[2] or ""
    part = _HOST_BITS.sub("", part).partition("%")[0]
    try:
        address: Address = ip_address(part)
    except ValueError:
        return None
    if isinstance(address, IPv4Address):
        return address
    if address.ipv4_mapped is not None:
        return address.ipv4_mapped
    if address in _TRANSLATED:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return address
