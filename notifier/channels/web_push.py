"""Pushes to browsers: sealed for one browser (RFC 8291, RFC 8188), signed by us (VAPID, RFC 8292), handed to its push service."""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
import struct
import time
from collections.abc import Callable
from urllib.parse import urlsplit

import httpcore
import jwt
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from msgspec import json

from contracts.errors import Malformed, Unavailable
from notifier.channels import ADDRESS_GONE, ADDRESS_REFUSED, SLOW, Letter, Sent
from services.cases.contact_kinds import subscription
from services.wallet.outside import outside

_RECORD = 4096
_CLAIM_S = 12 * 3600
#: How long a push service keeps a message for a browser that is off; what is older is news no more.
_TTL_S = 24 * 3600
_GONE = frozenset({404, 410})
_TAKEN = range(200, 300)
_BUSY = 429


def seal(payload: bytes, key: bytes, auth: bytes, ours: ec.EllipticCurvePrivateKey, salt: bytes) -> bytes:
    """The payload for the browser of that public key (65 bytes) and secret, by a key and a salt (16 bytes) used once.

    RFC 8291, section 3.4. Raises ValueError for a key that is no point, or a payload that does not fit one record.
    """
    theirs = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), key)
    public = ours.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    shared = ours.exchange(ec.ECDH(), theirs)
    secret = _expand(_extract(auth, shared), b"WebPush: info\0" + key + public, 32)
    mixed = _extract(salt, secret)
    content_key = _expand(mixed, b"Content-Encoding: aes128gcm\0", 16)
    nonce = _expand(mixed, b"Content-Encoding: nonce\0", 12)
    if len(payload) + 17 > _RECORD:
        raise ValueError("the payload does not fit one record")
    sealed = AESGCM(content_key).encrypt(nonce, payload + b"\x02", None)
    return salt + struct.pack("!IB", _RECORD, len(public)) + public + sealed


def signing_key(text: str) -> ec.EllipticCurvePrivateKey:
    """The key of `web_push_key`: 32 bytes, base64url. Raises ValueError without quoting it."""
    try:
        number = int.from_bytes(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)), "big")
        return ec.derive_private_key(number, ec.SECP256R1())
    except ValueError:
        raise ValueError("web_push_key must be a key of `payguard notify web-push-key`") from None


def public_text(key: ec.EllipticCurvePrivateKey) -> str:
    """The public key as browsers take it (`applicationServerKey`)."""
    public = key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    return base64.urlsafe_b64encode(public).decode().rstrip("=")


class WebPush:
    """Hands each push to the service of its browser. A repeat bears the same Topic, and takes the other's place."""

    name = "web_push"

    def __init__(
        self,
        key: ec.EllipticCurvePrivateKey,
        contact: str,
        private_networks: bool,
        answer_s: float = 15.0,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._key = key
        self._contact = contact
        self._private_networks = private_networks
        self._answer_s = answer_s
        self._clock = clock

    async def send(self, letter: Letter, key: str, at: float) -> Sent:
        """Send the short form; Malformed when the browser has gone, Unavailable when its service takes nothing now."""
        try:
            to = subscription(letter.to)
            body = self._sealed(letter, key, to.secrets())
        except ValueError:
            raise Malformed(ADDRESS_REFUSED, "the subscription is none") from None
        status, location = await self._post(to.endpoint, body, key)
        if status in _TAKEN:
            return Sent(location[:128] if location else None)
        if status in _GONE:
            raise Malformed(ADDRESS_GONE, f"the push service says that the browser has gone: {status}")
        if 400 <= status < 500 and status != _BUSY:
            raise Malformed("message_refused", f"the push service refused the message: {status}")
        raise Unavailable(f"the push service answered {status}", "push_put_off")

    def _sealed(self, letter: Letter, key: str, browser: tuple[bytes, bytes]) -> bytes:
        short = letter.short
        said = {
            "id": key,
            "title": short.title,
            "body": short.body,
            "link": short.link,
            "lang": letter.language,
        }
        once = ec.generate_private_key(ec.SECP256R1())
        return seal(json.encode(said), *browser, once, os.urandom(16))

    async def _post(self, endpoint: str, body: bytes, key: str) -> tuple[int, str | None]:
        topic = base64.urlsafe_b64encode(hashlib.sha256(key.encode()).digest()[:24]).decode()
        headers: dict[bytes | str, bytes | str] = {
            "Authorization": f"vapid t={self._token(endpoint)}, k={public_text(self._key)}",
            "Content-Encoding": "aes128gcm",
            "Content-Type": "application/octet-stream",
            "TTL": str(_TTL_S),
            "Topic": topic,
            "Urgency": "high",
        }
        limits = dict.fromkeys(("connect", "read", "write", "pool"), self._answer_s)
        try:
            async with outside(self._private_networks) as pool:
                answer = await pool.request(
                    "POST", endpoint, headers=headers, content=body, extensions={"timeout": limits}
                )
        except httpcore.TimeoutException as error:
            raise Unavailable(f"push service away: {type(error).__name__}", SLOW) from None
        except (httpcore.NetworkError, httpcore.ProtocolError) as error:
            raise Unavailable(f"push service away: {type(error).__name__}", "push_away") from None
        found = {name.lower(): value for name, value in answer.headers}.get(b"location")
        return answer.status, None if found is None else found.decode("latin-1")

    def _token(self, endpoint: str) -> str:
        parts = urlsplit(endpoint)
        claims = {
            "aud": f"{parts.scheme}://{parts.netloc}",
            "exp": int(self._clock()) + _CLAIM_S,
            "sub": f"mailto:{self._contact}",
        }
        return jwt.encode(claims, self._key, algorithm="ES256")


def _extract(salt: bytes, secret: bytes) -> bytes:
    return hmac.digest(salt, secret, "sha256")


def _expand(key: bytes, info: bytes, length: int) -> bytes:
    return hmac.digest(key, info + b"\x01", "sha256")[:length]
