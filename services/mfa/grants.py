"""Grants: what a passed challenge is worth, signed, so that a wallet's backend can prove it before it moves money.

A grant is a JWT signed with Ed25519 (RFC 7519, RFC 8037), bound to account, event and the digest of what was approved. It
lives two minutes and names the challenge by `jti`, so that whoever spends it can tell a second use.
"""

from __future__ import annotations

import base64
import hashlib

import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from msgspec import Struct, json

from services.mfa.records import Challenge
from services.platform.keyring import Keyring

ISSUER = "payguard"
AUDIENCE = "wallet"
#: The `typ` of a grant, which no other token of the same key has (RFC 8725 section 3.11).
TYPE = "grant+jwt"
LIFETIME_S = 120


class PublicKey(Struct, frozen=True):
    """A public key as JWKS publishes it (RFC 7517, RFC 8037); `kid` is its thumbprint (RFC 7638)."""

    kty: str
    crv: str
    x: str
    kid: str
    use: str
    alg: str


class Grants:
    """Signs with the keyring's current key and publishes the public key of every version it holds."""

    def __init__(self, keyring: Keyring) -> None:
        """Each key of the ring is the seed of an Ed25519 key pair."""
        pairs = {version: Ed25519PrivateKey.from_private_bytes(key) for version, key in keyring.keys.items()}
        self._signer = pairs[keyring.current]
        self._published = [_published(pairs[version]) for version in keyring.versions]

    def __repr__(self) -> str:
        return f"Grants(kids={[key.kid for key in self._published]})"

    def issue(self, challenge: Challenge, at: float) -> str:
        """The grant of a challenge that passed at epoch seconds `at`: the same text for the same two."""
        claims = {
            "iss": ISSUER,
            "aud": AUDIENCE,
            "sub": challenge.account_id,
            "event_id": challenge.event_id,
            "challenge_id": challenge.challenge_id,
            "purpose": challenge.purpose,
            "digest": challenge.digest,
            "amount": challenge.amount,
            "currency": challenge.currency,
            "payee_id": challenge.payee_id,
            "iat": int(at),
            "exp": int(at) + LIFETIME_S,
            "jti": hashlib.sha256(b"payguard-grant\x00" + challenge.challenge_id.encode()).hexdigest(),
        }
        headers = {"kid": self._published[0].kid, "typ": TYPE}
        return jwt.encode(claims, self._signer, algorithm="EdDSA", headers=headers)

    def jwks(self) -> dict[str, list[PublicKey]]:
        """The public keys, the one that signs first."""
        return {"keys": self._published}


def _published(pair: Ed25519PrivateKey) -> PublicKey:
    raw = pair.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
    x = _base64url(raw)
    # RFC 7638: the required members in this order, without white space.
    thumbprint = hashlib.sha256(json.encode({"crv": "Ed25519", "kty": "OKP", "x": x})).digest()
    return PublicKey("OKP", "Ed25519", x, _base64url(thumbprint), "sig", "EdDSA")


def _base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
