"""Secrets at rest: AES-256-GCM, the account id as associated data, a key version in front.

Layout of a sealed secret: one byte key version, 12 bytes nonce, ciphertext with its 16-byte tag. The associated data
binds it to its account, so a ciphertext moved to another account does not open.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from services.platform.keyring import Keyring

_NONCE_BYTES = 12


class VaultClosed(Exception):
    """A sealed secret cannot be opened: wrong key, wrong account or damaged bytes. The message shows none of them."""


class Vault:
    """Seals and opens factor secrets. Its text form shows no key."""

    def __init__(self, keys: Mapping[int, bytes], current: int) -> None:
        """`keys` by version 1..255, 32 bytes each; `current` seals. Raises UnusableKeys for anything else."""
        held = Keyring(keys, current)
        self._ciphers = {version: AESGCM(key) for version, key in held.keys.items()}
        self._current = current

    def __repr__(self) -> str:
        return f"Vault(current={self._current})"

    @classmethod
    def of(cls, keyring: Keyring) -> Vault:
        """The vault over these keys."""
        return cls(keyring.keys, keyring.current)

    @property
    def current(self) -> int:
        """The key version that seals."""
        return self._current

    @property
    def versions(self) -> list[int]:
        """The key versions held."""
        return sorted(self._ciphers)

    def holds(self, version: int) -> bool:
        """Whether secrets sealed under this key version can be opened."""
        return version in self._ciphers

    def seal(self, account_id: str, secret: str) -> bytes:
        """The secret, sealed for this account under the current key."""
        nonce = secrets.token_bytes(_NONCE_BYTES)
        ciphertext = self._ciphers[self._current].encrypt(
            nonce, secret.encode(), _bound(self._current, account_id)
        )
        return bytes([self._current]) + nonce + ciphertext

    def reseal(self, account_id: str, sealed: bytes) -> bytes:
        """The same secret under the current key. Raises VaultClosed when it does not open."""
        return self.seal(account_id, self.open(account_id, sealed))

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
