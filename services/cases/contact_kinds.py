"""The kinds of contact point besides mail, and what an address of each looks like. Pure.

An address never names a host that messages are sent to, but for a browser's push service, which must be on the internet.
"""

from __future__ import annotations

import base64
import binascii
import re
from typing import Literal, get_args

from msgspec import DecodeError, Struct, ValidationError, json

from contracts.errors import Malformed
from services.wallet.outside import check_url

Kind = Literal["sms", "push", "chat", "web_push"]
KINDS: tuple[Kind, ...] = get_args(Kind)
#: Kinds whose change an owner is told of. The others are tokens of an app or a browser, which renews them by itself.
TOLD = frozenset({"mail", "sms", "chat"})
#: Kinds of which an owner has several at once.
SEVERAL = frozenset({"web_push"})
_E164 = re.compile(r"\+[1-9][0-9]{6,14}")
_TOKEN = re.compile(r"[A-Za-z0-9_.:@-]{1,512}")
_POINT_BYTES, _AUTH_BYTES = 65, 16
MOST = 2048


class Keys(Struct, frozen=True, forbid_unknown_fields=True):
    """What a push to a browser is sealed with, base64url: its public key on P-256, and a secret."""

    p256dh: str
    auth: str


class Subscription(Struct, frozen=True):
    """A browser's subscription to pushes, as `PushSubscription.toJSON()` gives it."""

    endpoint: str
    keys: Keys

    def secrets(self) -> tuple[bytes, bytes]:
        """The public key and the secret. Raises ValueError for others than those."""
        try:
            key, auth = _bytes(self.keys.p256dh), _bytes(self.keys.auth)
        except binascii.Error:
            raise ValueError("not base64url") from None
        if (len(key), key[:1], len(auth)) != (_POINT_BYTES, b"\x04", _AUTH_BYTES):
            raise ValueError("p256dh is a point of 65 bytes, auth has 16")
        return key, auth


def subscription(address: str) -> Subscription:
    """The subscription that the address of a `web_push` point is. Raises ValueError."""
    try:
        found = json.decode(address, type=Subscription)
    except (DecodeError, ValidationError):
        raise ValueError("no subscription") from None
    found.secrets()
    return found


def checked(kind: Kind, address: str, private_networks: bool = False) -> str:
    """The address as it is kept. Raises Malformed with the rule for one of another form."""
    if kind == "sms" and not _E164.fullmatch(address):
        raise Malformed("address", "a phone number for text messages has the form +8613800138000 (E.164)")
    if kind in ("push", "chat") and not _TOKEN.fullmatch(address):
        raise Malformed(
            "address", f"an address for {kind} is a token of letters, digits and . _ : @ -, no URL"
        )
    if kind == "web_push":
        try:
            found = subscription(address)
        except ValueError:
            raise Malformed(
                "address", "an address for web_push is the JSON of the browser's subscription, with its keys"
            ) from None
        check_url(found.endpoint, private_networks)
        address = json.encode(found).decode()
    if len(address) > MOST:
        raise Malformed("address", f"an address has at most {MOST} characters")
    return address


def _bytes(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
