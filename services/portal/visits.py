"""Links and sessions of pages: signed, short-lived, each link good for one opening.

A link holds 256 random bits and a signature over them and over what the link is bound to: account, purpose, challenge.
Opening it swaps it for a session of the same form, which lives in a cookie. SQL holds only hashes of the random bits, so
nobody opens a page with what is in the table, and nobody moves a link to another account by writing to it.

A session of the centre goes on while it is used, until an end that is signed too.
"""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import re
import secrets
from collections.abc import Callable
from typing import Any, Literal, NamedTuple

from msgspec import Struct
from msgspec.structs import asdict, replace
from sqlalchemy import Row, delete, insert, or_, select, update

from contracts.errors import Unavailable
from services.platform.database import Database
from services.platform.keyring import Keyring
from services.portal.tables import visits

Purpose = Literal["enrol", "challenge", "factor", "centre", "report", "case"]
#: Those that open the security centre.
CENTRE: tuple[Purpose, ...] = ("centre", "report", "case")

#: How long a link waits to be opened, and how long its pages stay open then.
LINK_S = 300.0
SESSION_S = 600.0
#: That a session is used is noted at most so often; so much longer than said it may lie unused.
_NOTED_S = 60.0
#: A session that is over is known for so long, so that what was sent too late is not lost.
_KEPT_S = 3600.0
#: So long after the end of its session a form still says for whom it was made.
_FORM_KEPT_S = 86_400.0
_MOST_DIGITS = 15
_TEXT = re.compile(r"([A-Za-z0-9_-]{43})\.([0-9a-f]{32})")


class Visit(Struct, frozen=True, kw_only=True):
    """Whom a link is for and what it opens, as the wallet said. Times are epoch seconds. Its text form names nobody.

    `page` is the path below the pages' prefix that it leads to, as `services.portal.targets` makes them; None for the first page
    of the purpose.
    """

    account_id: str
    purpose: Purpose
    challenge_id: str | None = None
    proved_at: float | None = None
    device_id: str | None = None
    device_name: str | None = None
    ip: str | None = None
    locale: str | None = None
    expires_at: float = 0.0
    page: str | None = None

    def __repr__(self) -> str:
        return f"Visit(purpose={self.purpose!r})"


class Lasting(NamedTuple):
    """How long a session of the centre may lie unused, and how long it lasts in any case, both in seconds."""

    idle_s: float = 1800.0
    longest_s: float = 14_400.0


class Visits:
    """Makes links, opens them and finds sessions. `clock` gives epoch seconds.

    Keys for signing are derived from `keys`: the current one signs, every one is accepted. Raises Unavailable when SQL
    is away.
    """

    def __init__(
        self, database: Database, keys: Keyring, clock: Callable[[], float], lasting: Lasting | None = None
    ) -> None:
        """Raises ValueError for sessions of the centre that may lie unused for longer than they last."""
        derived = keys.derived("payguard portal")
        self._database = database
        self._keys = [derived.keys[version] for version in derived.versions]
        self.clock = clock
        self.lasting = lasting or Lasting()
        if not 0 < self.lasting.idle_s <= self.lasting.longest_s:
            raise ValueError(
                f"PAYGUARD_CENTRE_IDLE_S must be above 0 and at most PAYGUARD_CENTRE_LONGEST_S, not {self.lasting.idle_s:g} of "
                f"{self.lasting.longest_s:g}"
            )

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
        at = self.clock()
        opened = replace(visit, expires_at=at + self.lasts_s(visit.purpose))
        used_at = at if visit.purpose in CENTRE else None
        first = (
            update(visits)
            .where(visits.c.link == _hash(link.partition(".")[0]), visits.c.session.is_(None))
            .values(session=_hash(secret), expires_at=opened.expires_at, used_at=used_at)
            .returning(visits.c.link)
        )
        async with self._database.begin() as connection:
            if (await connection.execute(first)).first() is None:
                return None
        return self._signed("session", secret, opened), opened

    async def session(self, text: str) -> Visit | None:
        """The visit of a session, which is used by that; None when it is over or was not made here."""
        return await self._find("session", text)

    async def ended(self, text: str) -> Visit | None:
        """The visit of a session of the centre that is over, for an hour after it would have been in any case; else None."""
        return await self._find("ended", text)

    def lasts_s(self, purpose: Purpose) -> float:
        """How long the pages of the purpose stay open at most."""
        return self.lasting.longest_s if purpose in CENTRE else SESSION_S

    def cookie_s(self, purpose: Purpose) -> float:
        """How long a browser keeps the session: that of the centre for as long as it is known when it is over."""
        return self.lasts_s(purpose) + (_KEPT_S if purpose in CENTRE else 0.0)

    def form_token(self, session: str, visit: Visit) -> str:
        """What every form of the session carries, so that no other site can send one: for this session, and for whom it is."""
        key, until = self._keys[0], f"{visit.expires_at:.0f}"
        return f"{_mac(key, 'form', session)}.{until}.{_mac(key, 'kept', until, visit.account_id)}"

    def is_form_token(self, session: str, token: str) -> bool:
        """Whether the form was made by a page of this session."""
        return self._made(token.partition(".")[0], "form", session)

    def is_earlier(self, account_id: str, token: str) -> bool:
        """Whether the form was made by a page of a session of this account, of today or yesterday."""
        _, _, kept = token.partition(".")
        until, _, mac = kept.partition(".")
        if not (until.isascii() and until.isdigit() and len(until) < _MOST_DIGITS):
            return False
        return self.clock() < int(until) + _FORM_KEPT_S and self._made(mac, "kept", until, account_id)

    def _made(self, mac: str, *of: str) -> bool:
        made = [hmac.compare_digest(_mac(key, *of).encode(), mac.encode()) for key in self._keys]
        return any(made)

    async def _find(self, kind: Literal["link", "session", "ended"], text: str) -> Visit | None:
        parts = _TEXT.fullmatch(text)
        if parts is None:
            return None
        column, at = visits.c.link if kind == "link" else visits.c.session, self.clock()
        idle = visits.c.used_at <= at - self.lasting.idle_s - _NOTED_S
        over = or_(visits.c.expires_at <= at, visits.c.used_at.is_not(None) & idle)
        query = select(visits).where(column == _hash(parts[1]))
        if kind == "link":
            query = query.where(visits.c.session.is_(None))
        if kind == "ended":
            query = query.where(over, visits.c.purpose.in_(CENTRE), visits.c.expires_at > at - _KEPT_S)
        else:
            query = query.where(~over)
        async with self._database.read() as connection:
            row = (await connection.execute(query)).first()
        if row is None:
            return None
        visit, signed_as = _visit(row), "link" if kind == "link" else "session"
        right = [
            hmac.compare_digest(parts[2], _signature(key, signed_as, parts[1], visit)) for key in self._keys
        ]
        if not any(right):
            return None
        if kind == "session" and row.used_at is not None and row.used_at <= at - _NOTED_S:
            await self._use(row.session, at)
        return visit

    async def _use(self, session: str, at: float) -> None:
        """Note that the session is used; a page is shown all the same where that cannot be written just now."""
        this = update(visits).where(visits.c.session == session, visits.c.used_at < at).values(used_at=at)
        with contextlib.suppress(Unavailable):
            async with self._database.begin() as connection:
                await connection.execute(this)

    def _signed(self, kind: str, secret: str, visit: Visit) -> str:
        return f"{secret}.{_signature(self._keys[0], kind, secret, visit)}"


def _signature(key: bytes, kind: str, secret: str, visit: Visit) -> str:
    signing = hmac.new(key, digestmod="sha256")
    signed = asdict(visit)
    # Of a visit to no certain page the signature is as it was before there were any: sessions outlive an upgrade.
    page = signed.pop("page")
    for part in (kind, secret, *signed.values(), *(() if page is None else (page,))):
        data = b"" if part is None else str(part).encode()
        signing.update(b"-" if part is None else f"{len(data)}:".encode())
        signing.update(data)
    return signing.hexdigest()[:32]


def _mac(key: bytes, *of: str) -> str:
    return hmac.new(key, "\0".join(of).encode(), "sha256").hexdigest()[:32]


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


def _visit(row: Row[Any]) -> Visit:
    kept = row._mapping
    return Visit(**{name: kept[name] for name in Visit.__struct_fields__})
