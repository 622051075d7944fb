"""Versioned keys of 32 bytes, from a setting or the file it names, never shown.

Written as `2:<base64>,1:<base64>` with commas or line ends between; the first is current and makes new things, the
others still open or prove what was made under them. A bare base64 is version 1.
"""

from __future__ import annotations

import base64
import binascii
import re
import secrets
from codecs import BOM_UTF8
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from services.platform.secrets import KEY_BYTES, UnusableKeys
from services.platform.settings import PREFIX

#: A version is one byte of what it seals.
LAST_VERSION = 255
_BARE_VERSION = 1
_MOST_BYTES = 32_768
_ENTRY = re.compile(r"(?:([1-9][0-9]{0,2}):)?([A-Za-z0-9+/]+={0,2})")
__all__ = ["Keyring", "UnusableKeys", "new_key", "parse_keyring", "read_keyring"]

_HOW = "it is VERSION:KEY,... with the current one first; make a key with: payguard admin keys new"


@dataclass(frozen=True)
class Keyring:
    """Keys by version, 1 to 255, 32 bytes each; `current` makes new things. Its text form shows versions only."""

    keys: Mapping[int, bytes] = field(repr=False)
    current: int

    def __post_init__(self) -> None:
        if self.current not in self.keys or not all(0 < version <= LAST_VERSION for version in self.keys):
            raise UnusableKeys(f"a keyring holds its current version, and versions are 1 to {LAST_VERSION}")
        if any(len(key) != KEY_BYTES for key in self.keys.values()):
            raise UnusableKeys(f"a key has {KEY_BYTES} bytes")

    def __repr__(self) -> str:
        return f"Keyring(current={self.current}, versions={self.versions})"

    @property
    def versions(self) -> list[int]:
        """The versions held, the current one first."""
        return [self.current, *sorted((held for held in self.keys if held != self.current), reverse=True)]

    def derived(self, purpose: str) -> Keyring:
        """Keys for another purpose, one for each of ours (HKDF with SHA-256, RFC 5869): neither tells the other."""
        keys = {version: _derive(key, purpose) for version, key in self.keys.items()}
        return Keyring(keys, self.current)


def new_key() -> str:
    """A fresh key, as text for a setting."""
    return base64.b64encode(secrets.token_bytes(KEY_BYTES)).decode()


def read_keyring(name: str, text: str, file: Path | None) -> Keyring:
    """The keys of setting `name`: its own text, or the file that `<name>_file` names.

    Raises UnusableKeys, quoting no key, when there are none, in both places, or of another form.
    """
    variable = f"{PREFIX}{name.upper()}"
    if text and file is not None:
        raise UnusableKeys(f"{variable} and {variable}_FILE are both set; keep one")
    if file is not None:
        return parse_keyring(f"{variable}_FILE", _content(f"{variable}_FILE", file))
    if not text:
        raise UnusableKeys(f"neither {variable} nor {variable}_FILE is set; {_HOW}")
    return parse_keyring(variable, text)


def parse_keyring(named: str, text: str) -> Keyring:
    """The keys in `text`. Raises UnusableKeys naming the place, `named`, and the entry by its number."""
    keys: dict[int, bytes] = {}
    for number, (version, key) in enumerate(_entries(named, text), 1):
        if version in keys:
            raise UnusableKeys(f"{named}: entry {number} repeats version {version}")
        if key in keys.values():
            raise UnusableKeys(f"{named}: entry {number} holds the key of another version")
        keys[version] = key
    if not keys:
        raise UnusableKeys(f"{named} holds no key; {_HOW}")
    return Keyring(keys, next(iter(keys)))


def _entries(named: str, text: str) -> Iterator[tuple[int, bytes]]:
    written = [entry.strip() for entry in re.split(r"[,\n]", text)]
    for number, entry in enumerate((entry for entry in written if entry), 1):
        found = _ENTRY.fullmatch(entry)
        if found is None:
            raise UnusableKeys(f"{named}: entry {number} is not VERSION:BASE64; {_HOW}")
        version = int(found[1] or _BARE_VERSION)
        if version > LAST_VERSION:
            raise UnusableKeys(f"{named}: entry {number} has a version above {LAST_VERSION}")
        try:
            key = base64.b64decode(found[2], validate=True)
        except (binascii.Error, ValueError):
            raise UnusableKeys(f"{named}: entry {number} is not base64; {_HOW}") from None
        if len(key) != KEY_BYTES:
            raise UnusableKeys(f"{named}: entry {number} holds {len(key)} bytes instead of {KEY_BYTES}")
        yield version, key


def _content(variable: str, file: Path) -> str:
    try:
        with file.open("rb") as source:
            content = source.read(_MOST_BYTES + 1)
    except OSError as error:
        raise UnusableKeys(f"{variable}: {file} cannot be read: {error.strerror}") from None
    if len(content) > _MOST_BYTES:
        raise UnusableKeys(f"{variable}: {file} is too large to be keys")
    return content.removeprefix(BOM_UTF8).decode("ascii", "replace")


def _derive(key: bytes, purpose: str) -> bytes:
    return HKDF(hashes.SHA256(), KEY_BYTES, salt=None, info=b"payguard\x00" + purpose.encode()).derive(key)
