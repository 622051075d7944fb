"""Keys from settings: 32 bytes in base64, never shown."""

from __future__ import annotations

import base64
import binascii

KEY_BYTES = 32


class UnusableKeys(ValueError):
    """Keys that are absent, malformed or not the ones something was made with. The message quotes nothing of them."""


def decode_key(name: str, text: str) -> bytes:
    """The key of setting `name`. Raises UnusableKeys that says how to make one, without quoting what was given."""
    variable = f"PAYGUARD_{name.upper()}"
    how = f"set {variable} to 32 random bytes in base64, for example the output of: openssl rand -base64 32"
    if not text:
        raise UnusableKeys(f"{variable} is not set; {how}")
    try:
        key = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise UnusableKeys(f"{variable} is not base64; {how}") from None
    if len(key) != KEY_BYTES:
        raise UnusableKeys(f"{variable} holds {len(key)} bytes instead of {KEY_BYTES}; {how}")
    return key
