"""API keys: `Authorization: Bearer pg_<id>_<secret>`, each with scopes, checked on every request.

The secret is 256 random bits and only its SHA-256 is stored. A slow hash (argon2) protects secrets that can be
guessed; 2^256 cannot be, and a slow hash would cost more than the request it guards. A key is cached in memory for at
most `MAX_AGE_S`, so a revocation takes effect within that time in every process.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import re
import secrets
import time
from collections.abc import Awaitable, Callable, Iterable
from typing import Annotated, Any, Literal, Protocol, cast, get_args

import msgspec
from fastapi import Depends, Security
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from msgspec import Struct
from sqlalchemy import Column, Double, LargeBinary, Row, String, Table, insert, select, update
from starlette.requests import Request

from contracts.errors import Malformed, Unavailable
from services.audit.audit_log import Entry, record
from services.http.problems import Problem
from services.platform.background import say_when_ended
from services.platform.database import Database, metadata

Scope = Literal["ingest", "report", "label", "contacts", "verify", "actions", "support", "admin"]
SCOPES: tuple[Scope, ...] = get_args(Scope)

FRESH_S = 4.0
MAX_AGE_S = 9.0
LAST_USED_EVERY_S = 60.0
_CACHED = 10_000
#: Where a request's scope keeps its key.
_KNOWN = "api_key"
_TEXT = re.compile(r"pg_([0-9a-f]{12})_([A-Za-z0-9_-]{43})")

#: Times are epoch seconds; `scopes` are names separated by spaces.
api_keys = Table(
    "api_keys",
    metadata,
    Column("key_id", String(12), primary_key=True),
    Column("name", String(128), nullable=False),
    Column("secret_sha256", LargeBinary(32), nullable=False),
    Column("scopes", String(128), nullable=False),
    Column("created_at", Double, nullable=False),
    Column("last_used_at", Double),
    Column("revoked_at", Double),
)


class Acting(Protocol):
    """Whoever acts, with a key or signed in as a member of staff: under which name it is kept, and what they may do."""

    @property
    def actor(self) -> str:
        """Who acted, wherever that is kept, at most 128 characters: `key:NAME` or `staff:NAME`."""

    @property
    def ident(self) -> str:
        """What tells them from everybody else for ever, 12 characters: two may have had the same name."""

    def allows(self, scope: Scope) -> bool:
        """Whether they may do what a key of that scope may."""


class ApiKey(Struct, frozen=True):
    """A key as people may see it: never its secret."""

    key_id: str
    name: str
    scopes: frozenset[Scope]
    created_at: float
    last_used_at: float | None = None
    revoked_at: float | None = None

    @property
    def actor(self) -> str:
        """Who acted, wherever that is kept: `key:` and the key's name, at most 128 characters."""
        return f"key:{self.name}"[:128]

    @property
    def ident(self) -> str:
        """The key's id, which is no member's of staff."""
        return self.key_id

    def allows(self, scope: Scope) -> bool:
        """Whether the key may do this; an admin key may do everything."""
        return scope in self.scopes or "admin" in self.scopes


class _Cached(Struct, frozen=True):
    loaded_at: float
    key: ApiKey | None
    secret_sha256: bytes


class ApiKeys:
    """Creates, lists, revokes and checks keys.

    `clock` gives epoch seconds. With the database away, a key seen in the last
    `MAX_AGE_S` still opens; any other raises Unavailable.
    """

    def __init__(self, database: Database, clock: Callable[[], float] = time.time) -> None:
        self._database = database
        self._clock = clock
        self._cache: dict[str, _Cached] = {}
        self._loading: dict[str, asyncio.Task[_Cached]] = {}
        self._noting: set[asyncio.Task[None]] = set()

    async def create(self, name: str, scopes: Iterable[str], actor: str = "operator") -> tuple[str, ApiKey]:
        """A new key, made by `actor`: its text, shown this once, and what is kept. Raises Malformed for a wrong scope or name."""
        wanted = frozenset(scopes)
        if not wanted or not wanted <= set(SCOPES):
            raise Malformed("unknown_scope", f"scopes are one or more of {', '.join(SCOPES)}")
        if not 0 < len(name) <= 128 or not name.isprintable():
            raise Malformed("invalid_name", "a key's name has 1 to 128 printable characters")
        secret = secrets.token_urlsafe(32)
        key = ApiKey(secrets.token_hex(6), name, cast("frozenset[Scope]", wanted), self._clock())
        row = {
            "key_id": key.key_id,
            "name": name,
            "secret_sha256": _sha256(secret),
            "scopes": " ".join(sorted(wanted)),
            "created_at": key.created_at,
        }
        async with self._database.begin() as connection:
            await connection.execute(insert(api_keys).values(row))
            await record(connection, _act("api_key_made", key.key_id, actor, key.created_at, row["scopes"]))
        return f"pg_{key.key_id}_{secret}", key

    async def list(self) -> list[ApiKey]:
        """Every key, oldest first, revoked ones too."""
        async with self._database.read() as connection:
            rows = await connection.execute(
                select(api_keys).order_by(api_keys.c.created_at, api_keys.c.key_id)
            )
            return [_key(row) for row in rows]

    async def revoke(self, key_id: str, actor: str = "operator") -> bool:
        """End a key for good, audited as done by `actor`; False when there is no such key or it was revoked before."""
        at = self._clock()
        statement = (
            update(api_keys)
            .where(api_keys.c.key_id == key_id, api_keys.c.revoked_at.is_(None))
            .values(revoked_at=at)
        )
        async with self._database.begin() as connection:
            changed = (await connection.execute(statement)).rowcount == 1
            if changed:
                await record(connection, _act("api_key_revoked", key_id, actor, at))
        self._cache.pop(key_id, None)
        return changed

    async def limit(self, key_id: str, scopes: Iterable[str], actor: str = "operator") -> ApiKey | None:
        """Take scopes away from an active key, which keeps its text; None without one. Raises Malformed for one that it lacks."""
        wanted, at = frozenset(scopes), self._clock()
        async with self._database.begin() as connection:
            found = select(api_keys).where(api_keys.c.key_id == key_id, api_keys.c.revoked_at.is_(None))
            row = (await connection.execute(found)).one_or_none()
            if row is None:
                return None
            held = frozenset(row.scopes.split())
            if not wanted or not wanted <= held:
                raise Malformed("unknown_scope", f"this key has {', '.join(sorted(held))}; keep some of them")
            kept = " ".join(sorted(wanted))
            changed = update(api_keys).where(api_keys.c.key_id == key_id).values(scopes=kept)
            await connection.execute(changed)
            await record(connection, _act("api_key_limited", key_id, actor, at, kept))
        self._cache.pop(key_id, None)
        return msgspec.structs.replace(_key(row), scopes=cast("frozenset[Scope]", wanted))

    async def check(self, text: str) -> ApiKey | None:
        """The key this text opens; None when unknown, wrong or revoked. Raises Unavailable when nobody can tell."""
        parts = _TEXT.fullmatch(text)
        if parts is None:
            return None
        cached = await self._current(parts[1])
        # An unknown id is compared too, so that both answers take the same time.
        right = hmac.compare_digest(_sha256(parts[2]), cached.secret_sha256)
        return cached.key if right and cached.key is not None and cached.key.revoked_at is None else None

    async def close(self) -> None:
        """Finish what runs in the background."""
        await asyncio.gather(*self._loading.values(), *self._noting, return_exceptions=True)
        await asyncio.gather(*self._noting, return_exceptions=True)

    async def _current(self, key_id: str) -> _Cached:
        """From memory while fresh; older but tolerable while one refresh runs; else after the refresh."""
        cached = self._cache.get(key_id)
        age_s = MAX_AGE_S if cached is None else self._clock() - cached.loaded_at
        if cached is not None and 0.0 <= age_s < FRESH_S:
            return cached
        task = self._loading.get(key_id)
        if task is None:
            task = asyncio.create_task(self._load(key_id))
            self._loading[key_id] = task
            task.add_done_callback(lambda done: self._loaded(key_id, done))
        if cached is not None and 0.0 <= age_s < MAX_AGE_S:
            return cached
        return await asyncio.shield(task)

    def _loaded(self, key_id: str, task: asyncio.Task[_Cached]) -> None:
        self._loading.pop(key_id, None)
        if task.cancelled() or task.exception() is not None:
            return
        if len(self._cache) >= _CACHED:
            self._cache.clear()
        self._cache[key_id] = task.result()

    async def _load(self, key_id: str) -> _Cached:
        now = self._clock()
        async with self._database.read() as connection:
            row = (
                await connection.execute(select(api_keys).where(api_keys.c.key_id == key_id))
            ).one_or_none()
        if row is None:
            return _Cached(now, None, bytes(32))
        key = _key(row)
        if key.revoked_at is None and now - (key.last_used_at or 0.0) >= LAST_USED_EVERY_S:
            noting = asyncio.create_task(self._note_use(key_id, now))
            self._noting.add(noting)
            noting.add_done_callback(self._noting.discard)
            say_when_ended(noting, "key-use")
        return _Cached(now, key, row.secret_sha256)

    async def _note_use(self, key_id: str, now: float) -> None:
        statement = update(api_keys).where(api_keys.c.key_id == key_id).values(last_used_at=now)
        try:
            async with self._database.begin() as connection:
                await connection.execute(statement)
        except Unavailable:
            return  # a busy database must not close the door; the next refresh notes it


def _act(action: str, key_id: str, actor: str, at: float, scopes: object = "") -> Entry:
    return Entry(at=at, action=action, result="done", actor=actor, reason=f"{key_id} {scopes}".strip())


def _key(row: Row[tuple[object, ...]]) -> ApiKey:
    scopes = cast("frozenset[Scope]", frozenset(row.scopes.split()))
    return ApiKey(row.key_id, row.name, scopes, row.created_at, row.last_used_at, row.revoked_at)


def _sha256(secret: str) -> bytes:
    return hashlib.sha256(secret.encode()).digest()


_BEARER = HTTPBearer(
    auto_error=False,
    scheme_name="ApiKey",
    description="An API key: `Bearer pg_...`, made by `payguard admin`.",
)


def require(*scopes: Scope) -> Callable[..., Awaitable[ApiKey]]:
    """A FastAPI dependency that lets in keys with any of the scopes: 401 without a valid key, 403 without the scope."""

    async def check(
        request: Request, _credentials: Annotated[HTTPAuthorizationCredentials | None, Security(_BEARER)]
    ) -> ApiKey:
        return await authorized(request, *scopes)

    return check


async def authorized(request: Request, *scopes: Scope) -> ApiKey:
    """The request's key, which has one of the scopes. Raises Problem 401 or 403, or Unavailable."""
    key = await known_key(request)
    if not any(key.allows(scope) for scope in scopes):
        raise Problem(403, "forbidden", f"this key lacks the scope {' or '.join(scopes)}")
    return key


async def known_key(request: Request) -> ApiKey:
    """The request's key, whatever it may do; looked up once a request. Raises Problem 401, or Unavailable."""
    known: ApiKey | None = request.scope.get(_KNOWN)
    if known is not None:
        return known
    kind, _, text = request.headers.get("authorization", "").partition(" ")
    keys: ApiKeys = request.app.state.keys
    key = await keys.check(text.strip()) if kind.lower() == "bearer" else None
    if key is None:
        detail = "send a valid API key as Authorization: Bearer pg_..."
        raise Problem(401, "unauthenticated", detail, {"WWW-Authenticate": "Bearer"})
    request.scope[_KNOWN] = key
    return key


def guard(*scopes: Scope) -> list[Any]:
    """`dependencies=` of a route or router that needs the scopes but not the key itself."""
    return [Depends(require(*scopes))]
