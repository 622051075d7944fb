"""Lists that say what kind of network an address belongs to: files with version, date and checksum.

A folder holds files named `<kind>-<version>.txt`, kind being one of `contracts.events.Network.kind`. A file begins
with header lines, then one CIDR block, address or AS number a line; later lines starting with `#` are comments:

    # version: 2026-11-01
    # date: 2026-11-01
    # sha256: 64 hex digits over every byte after the header
    192.0.2.0/24
    AS64496

A file that is stale, from the future or fails its checksum counts for nothing and says so. Of several sound files of
one kind the newest by date counts.
"""

from __future__ import annotations

import hashlib
import hmac
import logging
import re
from codecs import BOM_UTF8
from collections.abc import Sequence
from datetime import date
from ipaddress import IPv4Address, IPv6Address, ip_network
from pathlib import Path
from typing import Literal, cast

from msgspec import Struct

Kind = Literal["unknown", "residential", "mobile", "hosting", "vpn", "tor", "relay", "satellite"]
Address = IPv4Address | IPv6Address

MAX_AGE_DAYS = 60
_NAME = re.compile(r"([a-z]+)-([0-9A-Za-z.-]+)\.txt")
_AS = re.compile(r"AS([0-9]{1,10})")
#: Of blocks of one size the more telling kind counts.
_TELLING: tuple[Kind, ...] = ("residential", "satellite", "mobile", "relay", "hosting", "vpn", "tor")
_log = logging.getLogger(__name__)


class ListStatus(Struct, frozen=True):
    """What became of one file: `used`, or why not; entries is 0 unless used."""

    file: str
    state: str
    entries: int = 0

    @property
    def used(self) -> bool:
        return self.state == "used"


class _Sound(Struct, frozen=True):
    kind: Kind
    dated: date
    file: str
    blocks: tuple[tuple[int, int, int], ...]
    numbers: tuple[int, ...]


class _Refused(Exception):
    """Why a file counts for nothing, in words."""


class NetworkLists:
    """Kinds of networks by longest matching block, then by AS number. Built once; a lookup costs a few microseconds."""

    def __init__(self, folder: Path | None, as_of: date, max_age_days: int = MAX_AGE_DAYS) -> None:
        self.status: list[ListStatus] = []
        self._blocks: dict[int, dict[int, dict[int, Kind]]] = {4: {}, 6: {}}
        self._numbers: dict[int, Kind] = {}
        for sound in self._newest(folder, as_of, max_age_days):
            self._add(sound)
        #: whether any list counts
        self.active = any(file.used for file in self.status)
        self._lengths = {
            version: sorted(by_length, reverse=True) for version, by_length in self._blocks.items()
        }

    def kind_of(self, address: Address | None, asn: int | None) -> Kind:
        """The kind of the most specific block that holds the address, else of the AS number, else `unknown`."""
        if address is not None:
            bits, number = address.max_prefixlen, int(address)
            blocks = self._blocks[address.version]
            for length in self._lengths[address.version]:
                kind = blocks[length].get(number >> (bits - length))
                if kind is not None:
                    return kind
        return self._numbers.get(asn, "unknown") if asn is not None else "unknown"

    def _newest(self, folder: Path | None, as_of: date, max_age_days: int) -> list[_Sound]:
        if folder is None:
            return []
        if not folder.is_dir():
            self._refuse(str(folder.name), "the folder does not exist")
            return []
        newest: dict[Kind, _Sound] = {}
        for path in sorted(folder.glob("*.txt")):
            try:
                sound = _read(path, as_of, max_age_days)
            except (_Refused, OSError, UnicodeDecodeError) as error:
                self._refuse(path.name, str(error))
                continue
            older = newest.get(sound.kind)
            if older is not None and older.dated > sound.dated:
                older, sound = sound, older
            if older is not None:
                self.status.append(ListStatus(older.file, f"superseded by {sound.file}"))
            newest[sound.kind] = sound
        return [newest[kind] for kind in _TELLING if kind in newest]

    def _add(self, sound: _Sound) -> None:
        for version, length, prefix in sound.blocks:
            self._blocks[version].setdefault(length, {})[prefix] = sound.kind
        for number in sound.numbers:
            self._numbers[number] = sound.kind
        self.status.append(ListStatus(sound.file, "used", len(sound.blocks) + len(sound.numbers)))

    def _refuse(self, file: str, why: str) -> None:
        self.status.append(ListStatus(file, why))
        _log.warning("network list %s counts for nothing: %s", file, why)


def sealed(version: str, dated: date, entries: Sequence[str]) -> str:
    """The text of a list file with its header and checksum; entries are CIDR blocks, addresses or `AS123`."""
    body = "".join(f"{entry}\n" for entry in entries)
    checksum = hashlib.sha256(body.encode()).hexdigest()
    return f"# version: {version}\n# date: {dated.isoformat()}\n# sha256: {checksum}\n{body}"


def _read(path: Path, as_of: date, max_age_days: int) -> _Sound:
    name = _NAME.fullmatch(path.name)
    if name is None or name[1] not in _TELLING:
        raise _Refused(f"its name is not <kind>-<version>.txt with a kind of {', '.join(sorted(_TELLING))}")
    header, body = _split(path.read_bytes().removeprefix(BOM_UTF8))
    if header.get("version") != name[2]:
        raise _Refused("the version in its header is not the one in its name")
    checksum = hashlib.sha256(body).hexdigest()
    if not hmac.compare_digest(header.get("sha256", ""), checksum):
        raise _Refused("wrong checksum")
    try:
        dated = date.fromisoformat(header.get("date", ""))
    except ValueError:
        raise _Refused("its header has no date") from None
    age_days = (as_of - dated).days
    if age_days > max_age_days:
        raise _Refused(f"stale: {age_days} days old, at most {max_age_days}")
    if age_days < -1:
        raise _Refused(f"its date {dated.isoformat()} lies in the future")
    blocks, numbers = _entries(body.decode())
    return _Sound(cast(Kind, name[1]), dated, path.name, tuple(blocks), tuple(numbers))


def _split(data: bytes) -> tuple[dict[str, str], bytes]:
    header: dict[str, str] = {}
    while data.startswith(b"#"):
        line, _, data = data.partition(b"\n")
        name, _, value = line[1:].decode().partition(":")
        header[name.strip()] = value.strip()
    return header, data


def _entries(body: str) -> tuple[list[tuple[int, int, int]], list[int]]:
    blocks: list[tuple[int, int, int]] = []
    numbers: list[int] = []
    for number, raw in enumerate(body.splitlines(), 1):
        line = raw.strip()
        if not line or line.startswith("#"):
            continue
        if (as_number := _AS.fullmatch(line)) is not None:
            numbers.append(int(as_number[1]))
            continue
        try:
            block = ip_network(line)
        except ValueError:
            raise _Refused(
                f"line {number} after the header is neither a CIDR block nor an AS number"
            ) from None
        shift = block.max_prefixlen - block.prefixlen
        blocks.append((block.version, block.prefixlen, int(block.network_address) >> shift))
    return blocks, numbers
