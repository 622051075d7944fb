"""How the owner is told: the channel, the address, the language and the time zone."""

from __future__ import annotations

from msgspec import Struct


class Route(Struct, frozen=True):
    """One letter to send: the channel, the address on it, and how the reader reads."""

    channel: str
    to: str
    locale: str
    time_zone: str
