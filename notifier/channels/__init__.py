"""Ways a message leaves the house. A channel sends at least once; the idempotency key lets receivers drop a repeat."""

from __future__ import annotations

from typing import Protocol

from msgspec import Struct

#: Reasons of an Unavailable: this one address is not taken now, others are; and no answer in time.
ADDRESS_PUT_OFF = "address_put_off"
SLOW = "channel_slow"


class Letter(Struct, frozen=True, kw_only=True):
    """A rendered message to one person."""

    to: str
    subject: str
    text: str
    html: str
    language: str


class Channel(Protocol):
    """One way out.

    `send` returns once the other side has taken the letter. Raises Malformed when it never will (the address is
    refused) and Unavailable when it may later. The same key always carries the same letter.
    """

    @property
    def name(self) -> str:
        """What metrics and deliveries call it, such as `mail`."""
        ...

    async def send(self, letter: Letter, key: str, at: float) -> None:
        """Send the letter of time `at` (epoch seconds, goes into its Date)."""
        ...
