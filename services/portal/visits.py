"""Links and sessions of pages: signed, short-lived, each link good for one opening.

A link holds 256 random bits and a signature over them and over what the link is bound to: account, purpose, challenge.
Opening it swaps it for a session of the same form, which lives in a cookie. SQL holds only hashes of the random bits, so
nobody opens a page with what is in the table, and nobody moves a link to another account by writing to it.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from collections.abc import Callable
from typing import Any, Literal

from msgspec import Struct
from msgspec.structs import asdict, replace
from sqlalchemy import Row, delete, insert, select, update

from services.platform.database import Database
from services.platform.keyring import Keyring
from services.portal.tables import visits

Purpose = Literal["enrol", "challenge", "factor"]

#: How long a link waits to be opened, and how long its pages stay open then.
LINK_S = 300.0
SESSION_S = 600.0
_KEPT_S = 3600.0
_TEXT = re.compile(r"([A-Za-z0-9_-]{43})\.([0-9a-f]{32})")


class Visit(Struct, frozen=True, kw_only=True):
    """Whom a link is for and what it opens, as the wallet said. Times are epoch seconds. Its text form names nobody."""

    account_id: str
    purpose: Purpose
    challenge_id: str | None = None
    proved_at: float | None = None
    device_id: str | None = None
    device_name: str | None = None
    ip: str | None = None
    locale: str | None = None
    expires_at: float = 0.0

    def __repr__(self) -> str:
        return f"Visit(purpose={self.purpose!r})"


class Visits:
    """Makes links, opens them and finds sessions. `clock` gives epoch seconds.

    Keys for signing are derived from `keys`: the current one signs, every one is accepted. Raises Unavailable when SQL
    is away.
    """

    def __init__(self, database: Database, keys: Keyring, clock: Callable[[], float]) -> None:
        derived = keys.derived("payguard portal")
        self._database = database
        self._keys = [derived.keys[version] for version in derived.versions]
        self.clock = clock

    async def link(self, visit: Visit) -> tuple[str, float]:
        """The text of a new link and when it ends."""
        at = self.clock()
        visit = replace(visit, expires_at=at + LINK_S)
        secret = secrets.token_urlsafe(32)
        async with self._database.begin() as connection:
            await connection.execute(delete(visits).where(visits.c.expires_at < at - _KEPT_S))
            await connection.execute(insert(visits).values(link=_hash(secret), **asdict(visit)))
        return self._signed("link", secret, visit), visit.expires_at

    async def locale_of(self, link: str) -> str | None:
        """The language the wallet asked for, of a link that can still be opened; None when it cannot or said none."""
        visit = await self._find("link", link)
        return None if visit is None else visit.locale or ""

    async def open(self, link: str) -> tuple[str, Visit] | None:
        """Swap the link for the text of a session; None when it was opened before, is over, or was not made here."""
        visit = await self._find("link", link)
        if visit is None:
            return None
        secret = secrets.token_urlsafe(32)
        opened = replace(visit, expires_at=self.clock() + SESSION_S)
        first = (
            update(visits)
            .where(visits.c.link == _hash(link.partition(".")[0]), visits.c.session.is_(None))
            .values(session=_hash(secret), expires_at=opened.expires_at)
            .returning(visits.c.link)
        )
        async with self._database.begin() as connection:
            if (await connection.execute(first)).first() is None:
                return None
        return self._signed("session", secret, opened), opened

    async def session(self, text: str) -> Visit | None:
        """The visit of a session; None when it is over or was not made here."""
        return await self._find("session", text)

    def form_token(self, session: str) -> str:
        """What every form of the session carries, so that no other site can send one."""
        return _form_token(self._keys[0], session)

    def is_form_token(self, session: str, token: str) -> bool:
        """Whether the form was made by a page of this session."""
        made = (_form_token(key, session).encode() for key in self._keys)
        return any(hmac.compare_digest(each, token.encode()) for each in made)

    async def _find(self, kind: Literal["link", "session"], text: str) -> Visit | None:
        parts = _TEXT.fullmatch(text)
        if parts is None:
            return None
        query = select(visits).where(visits.c[kind] == _hash(parts[1]), visits.c.expires_at > self.clock())
        if kind == "link":
            query = query.where(visits.c.session.is_(None))
        async with self._database.read() as connection:
            row = (await connection.execute(query)).first()
        if row is None:
            return None
        visit = _visit(row)
        right = [hmac.compare_digest(parts[2], _signature(key, kind, parts[1], visit)) for key in self._keys]
        return visit if any(right) else None

    def _signed(self, kind: str, secret: str, visit: Visit) -> str:
        return f"{secret}.{_signature(self._keys[0], kind, secret, visit)}"


def _signature(key: bytes, kind: str, secret: str, visit: Visit) -> str:
    signing = hmac.new(key, digestmod="sha256")
    for part in (kind, secret, *asdict(visit).values()):
        data = b"" if part is None else str(part).encode()
        signing.update(b"-" if part is None else f"{len(data)}:".encode())
        signing.update(data)
    return signing.hexdigest()[:32]


def _form_token(key: bytes, session: str) -> str:
    return hmac.new(key, f"form\0{session}".encode(), "sha256").hexdigest()[:32]


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


def _visit(row: Row[Any]) -> Visit:
    kept = row._mapping
    return Visit(**{name: kept[name] for name in Visit.__struct_fields__})
