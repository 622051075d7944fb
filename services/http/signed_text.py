"""What a browser keeps for us meanwhile, under our signature: whoever begins something writes nothing into SQL."""

from __future__ import annotations

import hashlib
import hmac
from typing import TypeVar

import msgspec

from services.platform.keyring import Keyring

T = TypeVar("T")


class SignedText:
    """Signs values under a key derived for one `purpose`; what was signed for another does not open."""

    def __init__(self, keys: Keyring, purpose: str) -> None:
        derived = keys.derived(purpose)
        self._keys = [derived.keys[version] for version in derived.versions]

    def sealed(self, value: msgspec.Struct) -> str:
        """The value as text for a cookie. It can be read by whoever has it, and not be changed."""
        text = msgspec.json.encode(value).hex()
        return f"{text}.{_signature(self._keys[0], text)}"

    def opened(self, sealed: str, kind: type[T]) -> T | None:
        """The value; None for what was not signed here."""
        text, _, signature = sealed.partition(".")
        right = [
            hmac.compare_digest(signature.encode(), _signature(key, text).encode()) for key in self._keys
        ]
        if not any(right):
            return None
        return msgspec.json.decode(bytes.fromhex(text), type=kind)


def _signature(key: bytes, text: str) -> str:
    return hmac.new(key, text.encode(), hashlib.sha256).hexdigest()
