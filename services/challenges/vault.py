"""Secrets at rest: AES-256-GCM, the account id as associated data, a key version in front.

Layout of a sealed secret: one byte key version, 12 bytes nonce, ciphertext with its 16-byte tag. The associated data
binds it to its account, so a ciphertext moved to another account does not open.
"""

from __future__ import annotations

import base64
import binascii
import secrets
from collections.abc import Mapping

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

KEY_BYTES = 32
FIRST_VERSION = 1
_NONCE_BYTES = 12
_HOW = "PAYGUARD_FACTOR_KEY must be base64 of 32 bytes (make one with: openssl rand -base64 32)"


class VaultClosed(Exception):
    """A sealed secret cannot be opened: wrong key, wrong account or damaged bytes. The message shows none of them."""


class Vault:
    """Seals and opens factor secrets. Its text form shows no key."""

    def __init__(self, keys: Mapping[int, bytes], current: int) -> None:
        """`keys` by version 1..255, 32 bytes each; `current` seals. Raises ValueError for anything else."""
        if current not in keys or not all(0 < version < 256 for version in keys):
            raise ValueError("the vault needs a key for its current version, versions being 1 to 255")
        if any(len(key) != KEY_BYTES for key in keys.values()):
            raise ValueError(_HOW)
        self._ciphers = {version: AESGCM(key) for version, key in keys.items()}
        self._current = current

    def __repr__(self) -> str:
        return f"Vault(current={self._current})"

    @classmethod
    def from_setting(cls, factor_key: str) -> Vault:
        """The vault of `settings.factor_key`. Raises ValueError, quoting nothing, when it is absent or no such key."""
        if not factor_key:
            raise ValueError(f"PAYGUARD_FACTOR_KEY is not set: {_HOW}")
        try:
            key = base64.b64decode(factor_key, validate=True)
        except (binascii.Error, ValueError):
            raise ValueError(_HOW) from None
        return cls({FIRST_VERSION: key}, FIRST_VERSION)

    def seal(self, account_id: str, secret: str) -> bytes:
        """The secret, sealed for this account under the current key."""
        nonce = secrets.token_bytes(_NONCE_BYTES)
        ciphertext = self._ciphers[self._current].encrypt(
            nonce, secret.encode(), _bound(self._current, account_id)
        )
        return bytes([self._current]) + nonce + ciphertext

    def open(self, account_id: str, sealed: bytes) -> str:
        """The secret of this account. Raises VaultClosed when it was not sealed for it under a key we hold."""
        version = sealed[0] if sealed else 0
        cipher = self._ciphers.get(version)
        if cipher is None:
            raise VaultClosed(
                f"a factor is sealed under key version {version}, which this process does not hold"
            )
        nonce, ciphertext = sealed[1 : 1 + _NONCE_BYTES], sealed[1 + _NONCE_BYTES :]
        try:
            return cipher.decrypt(nonce, ciphertext, _bound(version, account_id)).decode()
        except (InvalidTag, ValueError):
            raise VaultClosed(
                "a factor does not open: PAYGUARD_FACTOR_KEY is not the key it was sealed with, or the row was altered"
            ) from None


def _bound(version: int, account_id: str) -> bytes:
    return b"payguard-factor\x00" + bytes([version]) + account_id.encode()
