"""What every kind of help desk can do, whoever makes it. A kind is one file and one row of `registry`."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import ClassVar

import httpcore
from msgspec import Struct

from services.connect.connections import Connection, Secrets
from services.connect.texts import Told


class Arrived(Struct, frozen=True, kw_only=True):
    """What a help desk told of a ticket: words of somebody there under their own id, and whether it is closed now.

    `closed` is None where that was not said. `mark` is what the words bear if they came from here.
    """

    external_id: str
    reply_id: str = ""
    text: str = ""
    by: str = ""
    mark: str = ""
    closed: bool | None = None


class HelpDesk(ABC):
    """One help desk. Every method raises Away and Refused of `calls`; `again` when an earlier try may have been done.

    With `again` a help desk is first asked whether it has what bears the mark, so that nothing stands there twice.
    """

    #: What an operator has to give, of `Options`.
    needs: ClassVar[tuple[str, ...]] = ()

    def __init__(self, connection: Connection, secret: Secrets, pool: httpcore.AsyncConnectionPool) -> None:
        self.connection = connection
        self.secret = secret
        self.pool = pool

    @abstractmethod
    async def open(self, told: Told, again: bool) -> str:
        """The id of a ticket with this text, internal, without anybody being notified."""

    @abstractmethod
    async def note(self, external_id: str, told: Told, again: bool) -> None:
        """An internal note in the ticket."""

    @abstractmethod
    async def set_closed(self, external_id: str, closed: bool, told: Told) -> None:
        """Close the ticket, or open it again, because of what was `told`; doing it twice is doing it once."""

    @abstractmethod
    async def check(self) -> str:
        """Whether it lets us in: the name it knows us by."""

    @classmethod
    @abstractmethod
    def signed(cls, secret: str, headers: Mapping[str, str], body: bytes, now: float) -> bool:
        """Whether the request is signed as this kind signs, and not long ago where it says when."""

    @classmethod
    @abstractmethod
    def read(cls, body: bytes) -> Arrived | None:
        """What a signed request tells; None for what is nothing to us. Raises Malformed for a body that is none of its kind's."""
