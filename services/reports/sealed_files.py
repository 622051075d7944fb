"""Files at rest: each sealed with a key of its own (AES-256-GCM), which the factor keys seal in turn.

So a change of keys seals a few bytes anew and no file. What binds a file to its place is its id.
"""

from __future__ import annotations

import base64
import secrets
from typing import NamedTuple

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from services.mfa.vault import Vault, VaultClosed

_KEY_BYTES, _NONCE_BYTES = 32, 12


class Sealed(NamedTuple):
    """A file as the database has it: its own key, sealed, and itself."""

    secret: bytes
    body: bytes


def seal(vault: Vault, account_id: str, file_id: str, body: bytes) -> Sealed:
    """The file sealed for this account and place."""
    key, nonce = secrets.token_bytes(_KEY_BYTES), secrets.token_bytes(_NONCE_BYTES)
    secret = vault.seal(account_id, base64.b64encode(key).decode())
    return Sealed(secret, nonce + AESGCM(key).encrypt(nonce, body, _bound(file_id)))


def open_sealed(vault: Vault, account_id: str, file_id: str, sealed: Sealed) -> bytes:
    """The file. Raises VaultClosed where it was sealed for another account or place, or its key is not held."""
    key = base64.b64decode(vault.open(account_id, sealed.secret))
    nonce, body = sealed.body[:_NONCE_BYTES], sealed.body[_NONCE_BYTES:]
    try:
        return AESGCM(key).decrypt(nonce, body, _bound(file_id))
    except InvalidTag:
        raise VaultClosed("a file does not open: the row was altered") from None


def _bound(file_id: str) -> bytes:
    return b"payguard-file\x00" + file_id.encode()
