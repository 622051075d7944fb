"""What HTTP shows of an account's owner: whether there is a way to them, and what became of each notice."""

from __future__ import annotations

from datetime import datetime
from typing import Self

from pydantic import BaseModel

from services.cases.owners import Message, MessageState, NoticeState, Owner, Telling
from services.http.times import utc, utc_if


class WayShown(BaseModel):
    """A way to the owner. The address is masked, and for support alone. One that is `bouncing` gave a message back."""

    channel: str
    address: str | None
    bouncing: bool = False


class TryShown(BaseModel):
    """One message of a notice, by a channel to an address.

    `waiting` and `sending` may still get there; `handed_over` was taken by the other side, `delivered` is known to have
    reached the reader; `failed` never will, `suppressed` was not to be sent, and `why` says why. `at` is when that began.
    """

    channel: str
    address: str | None
    state: MessageState
    why: str | None
    at: datetime


class TellingShown(BaseModel):
    """One notice to the owner, whose letters bear `reference` for people to read out.

    `waiting` may still get there; `delivered` was taken by at least one address; `failed` was refused, or given up after a day
    of tries; `undeliverable` had nowhere to go; `suppressed` was not to be sent. `why` says more where it was not delivered.
    """

    notice_id: str
    reference: str
    event_id: str
    template: str
    state: NoticeState
    why: str | None
    recorded_at: datetime
    ended_at: datetime | None
    tries: list[TryShown]

    @classmethod
    def of(cls, telling: Telling, addresses: bool) -> Self:
        """The notice as shown, with masked `addresses` or without any."""
        return cls(
            notice_id=telling.notice_id,
            reference=telling.reference,
            event_id=telling.event_id,
            template=telling.template,
            state=telling.state,
            why=telling.why,
            recorded_at=utc(telling.recorded_at),
            ended_at=utc_if(telling.ended_at),
            tries=[
                TryShown(
                    channel=tried.channel,
                    address=tried.address if addresses else None,
                    state=tried.state,
                    why=tried.why,
                    at=utc(tried.at),
                )
                for tried in telling.tries
            ],
        )


class OwnerShown(BaseModel):
    """The account's owner: whether there is a way to them now, and what they were told, oldest first."""

    reachable: bool
    channels: list[WayShown]
    told: list[TellingShown]

    @classmethod
    def of(cls, owner: Owner, addresses: bool) -> Self:
        """The owner as shown, with masked `addresses` or without any."""
        return cls(
            reachable=owner.reachable,
            channels=[
                WayShown(
                    channel=way.channel, address=way.address if addresses else None, bouncing=way.bouncing
                )
                for way in owner.ways
            ],
            told=[TellingShown.of(each, addresses) for each in owner.told],
        )


class MessageShown(BaseModel):
    """A letter of ours, and the account that it went to."""

    account_id: str
    letter: TellingShown

    @classmethod
    def of(cls, message: Message, addresses: bool) -> Self:
        """The letter as shown, with masked `addresses` or without any."""
        return cls(account_id=message.account_id, letter=TellingShown.of(message.telling, addresses))


class MessagesShown(BaseModel):
    """The letters that bear a reference: one, but for a rare chance."""

    messages: list[MessageShown]
