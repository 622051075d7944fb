"""Ways a message leaves the house. A channel sends at least once; the idempotency key lets receivers drop a repeat."""

from __future__ import annotations

from typing import Protocol

from msgspec import Struct

#: Reason of a Malformed: this one address is not taken, others are.
ADDRESS_REFUSED = "address_refused"
#: The same, for good: whatever had that address is no more.
ADDRESS_GONE = "address_gone"
#: Reasons of an Unavailable: this one address is not taken now, others are; and no answer in time.
ADDRESS_PUT_OFF = "address_put_off"
SLOW = "channel_slow"


class Short(Struct, frozen=True, kw_only=True):
    """A letter in a few words: `title` and `body` of a push, the `text` of a text message, and where it may be answered."""

    title: str
    body: str
    text: str
    link: str | None = None


class Letter(Struct, frozen=True, kw_only=True):
    """A rendered message to one person, about what happened in their account."""

    to: str
    subject: str
    text: str
    html: str
    language: str
    short: Short
    account_id: str
    template: str
    reference: str
    unsubscribe: str | None = None
    #: The idempotency key of an earlier letter that this one goes on from.
    answers: str | None = None


class Sent(Struct, frozen=True):
    """The other side took a letter: under what name, and whether it says that the reader has it."""

    provider_id: str | None = None
    delivered: bool = False


class Channel(Protocol):
    """One way out.

    `send` answers once the other side has taken the letter. Raises Malformed when it never will (the address is
    refused) and Unavailable when it may later. The same key always carries the same letter.
    """

    @property
    def name(self) -> str:
        """What metrics and messages call it, such as `mail`."""
        ...

    async def send(self, letter: Letter, key: str, at: float) -> Sent:
        """Send the letter of time `at` (epoch seconds, goes into its Date)."""
        ...
