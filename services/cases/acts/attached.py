"""A file that staff put beside a case, and the port of whoever keeps files: rooms above hold their keys. Pure."""

from __future__ import annotations

from typing import Protocol

from msgspec import Struct
from sqlalchemy.ext.asyncio import AsyncConnection

from services.cases.acts.asked import Off
from services.cases.states import Case


class Attached(Struct, frozen=True, kw_only=True):
    """A file as it is kept; `digest` is the SHA-256, in hex, of what was sent."""

    name: str
    media_type: str
    body: bytes
    digest: str


class CaseFiles(Protocol):
    """Keeps files beside cases, inside the caller's transaction, which has locked the case."""

    async def put(
        self, connection: AsyncConnection, case: Case, file: Attached, by: str, now: float, /
    ) -> Off | None:
        """Put the file there, for staff alone; why it cannot be, None where it was. Raises VaultClosed."""
        ...

    async def take_back(self, connection: AsyncConnection, case_id: str, digest: str, by: str, /) -> bool:
        """Remove the file of that digest that `by` put there; whether it was there."""
        ...
