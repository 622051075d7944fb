"""What every kind of help desk can do, whoever makes it. A kind is one file and one row of `registry`."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import ClassVar

import httpcore
from msgspec import Struct

from services.connect.connections import Connection, Options, Secrets
from services.connect.texts import Told


class Arrived(Struct, frozen=True, kw_only=True):
    """What a help desk told of a ticket: words of somebody there under their own id, and whether it is closed now.

    `closed` is None where that was not said. `mark` is what the words bear if they came from here. `bears` is what the ticket has
    of its case, as it was given when it was opened: the number, the mark or the id.
    """

    external_id: str
    reply_id: str = ""
    text: str = ""
    by: str = ""
    mark: str = ""
    bears: str = ""
    closed: bool | None = None


class Opened(Struct, frozen=True):
    """A ticket that is there: its id in the API, and the number that agents there know it by."""

    external_id: str
    number: str


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
    async def open(self, told: Told, again: bool) -> Opened:
        """A ticket with this text, internal, without anybody being notified."""

    @abstractmethod
    async def note(self, external_id: str, told: Told, again: bool) -> None:
        """An internal note in the ticket."""

    @abstractmethod
    async def set_closed(self, external_id: str, closed: bool, told: Told) -> None:
        """Close the ticket, or open it again, because of what was `told`; doing it twice is doing it once."""

    @classmethod
    def page(cls, url: str, options: Options, external_id: str) -> str | None:
        """Where agents read the ticket in a browser; None where nobody can know."""
        return None

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
