"""The device that a "yes" may trust, as the page asks about it. Pure."""

from __future__ import annotations

from msgspec import Struct

from contracts.profile import Key
from contracts.sightings import TRUSTED_S
from notifier import spelled
from notifier.words import Words

_DAY_S = 86_400.0


class DeviceAsked(Struct, frozen=True):
    """What the device is called, and for how many days it would be trusted."""

    name: str
    days: int


def device_asked(device: tuple[Key, str | None] | None, words: Words) -> DeviceAsked | None:
    """The choice; None where no device is known, or what it is: nobody trusts what they cannot recognise."""
    if device is None or device[1] is None:
        return None
    return DeviceAsked(spelled.device(device[1], words), round(TRUSTED_S / _DAY_S))
