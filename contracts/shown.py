"""What a person needs to recognise an event, as letters, cases and the API show it, and what was usual, for contrast."""

from __future__ import annotations

from msgspec import Struct

from contracts.events import Device

#: The longest device or city, login method, and reason of a failure that are shown, in characters.
MOST_TEXT, MOST_METHOD, MOST_REASON = 128, 32, 256


class Usual(Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """What the account's memory knew before the event; None: not known.

    `country` and `city` are where the account was last, at `at` (epoch seconds), by an event that was not itself under suspicion,
    `distance_km` from this one; `device` is what it then came from. `amount` is what transactions of the kind in the currency
    usually come to (geometric mean, to two digits, canonical decimal text). `payee_known`: whether money went to this payee
    before.
    """

    device: str | None = None
    country: str | None = None
    city: str | None = None
    at: float | None = None
    amount: str | None = None
    currency: str | None = None
    payee_known: bool | None = None
    distance_km: float | None = None


class Shown(Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """The event in words and figures; what it did not say, or nobody could tell, is None.

    `device` as in `device_text`; `accuracy_km` is how far off the place may be; `network_kind` is never "unknown"; `amount`
    is canonical decimal text. `kind` is the transaction's, the login's method or the account's change; `status` is the
    transaction's, or the login's outcome; `failure` is the identity provider's code of a login that failed.
    """

    device: str | None = None
    country: str | None = None
    city: str | None = None
    accuracy_km: float | None = None
    network_kind: str | None = None
    amount: str | None = None
    currency: str | None = None
    payee_id: str | None = None
    kind: str | None = None
    status: str | None = None
    failure: str | None = None
    session_id: str | None = None
    usual: Usual | None = None


def device_text(device: Device | None) -> str | None:
    """What the user agent says, as people read it: "iOS, Mobile Safari"; None when it says nothing."""
    if device is None:
        return None
    told = [each for each in (device.os, device.browser) if each]
    return short(", ".join(told), MOST_TEXT) if told else None


def short(text: str | None, most: int) -> str | None:
    """The text, cut after `most` characters."""
    return None if text is None else text[:most]
