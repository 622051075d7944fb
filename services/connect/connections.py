"""Connections to help desks: made, listed and removed by whoever runs PayGuard; their secrets lie sealed."""

from __future__ import annotations

import base64
import re
import secrets
from collections.abc import Callable
from typing import Any, Literal

from msgspec import Struct, json
from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.errors import Malformed
from contracts.report_kinds import Kind
from services.audit import audit_log
from services.cases.tables import case_entries
from services.cases.ticket_tables import connections, tickets
from services.mfa.vault import Vault
from services.platform.database import Database
from services.platform.keyring import Keyring
from services.wallet.outside import check_url

ConnectionKind = Literal["zammad", "chatwoot", "webhook"]
_NAME = re.compile(r"[a-z][a-z0-9-]{0,31}")


def connection_vault(event_keys: Keyring) -> Vault:
    """What seals the secrets of connections: keys that follow from those that sign our events, which cases and API hold."""
    return Vault.of(event_keys.derived("help desks"))


def new_signing_secret(kind: str) -> str:
    """A fresh secret that signs what comes from a help desk of that kind, and for a webhook of one's own what goes there."""
    drawn = secrets.token_bytes(32)
    return f"whsec_{base64.b64encode(drawn).decode()}" if kind == "webhook" else drawn.hex()


class Options(Struct, frozen=True, kw_only=True):
    """How a help desk is used. `kinds`: cases of these alone, all when empty. Without `masked` it gets accounts and texts whole.

    `on_close`: whether a ticket that is closed there is put before whoever has the case here. `group` and `customer` are
    Zammad's, `account` and `inbox` Chatwoot's.
    """

    language: Literal["en", "zh-CN"] = "en"
    kinds: tuple[Kind, ...] = ()
    masked: bool = True
    on_close: Literal["ask", "ignore"] = "ask"
    group: str = ""
    customer: str = ""
    account: int = 0
    inbox: int = 0


class Secrets(Struct, frozen=True, kw_only=True):
    """What is secret of a connection: `token` signs us in there, `signing` is what signs what comes from there."""

    token: str = ""
    signing: str = ""


class Connection(Struct, frozen=True, kw_only=True):
    """One help desk. Times are epoch seconds; `failing_since` is None while it takes what it is told."""

    name: str
    kind: ConnectionKind
    url: str
    options: Options
    secret: bytes
    created_at: float
    created_by: str
    cursor: int
    seen: int
    seen_at: float
    failing_since: float | None = None
    last_error: str | None = None

    @property
    def actor(self) -> str:
        """Who an entry is by that came from there."""
        return f"connect:{self.name}"

    def secrets(self, vault: Vault) -> Secrets:
        """Its secrets. Raises VaultClosed where their key is not held."""
        return json.decode(vault.open(self.name, self.secret), type=Secrets)


class Counted(Struct, frozen=True):
    """A connection and how many of its tickets wait, are as they should be, were given up, or are gone there."""

    connection: Connection
    states: dict[str, int]


class Connections:
    """Every method raises Unavailable when the database is away."""

    def __init__(
        self, database: Database, vault: Vault, clock: Callable[[], float], allow_private: bool
    ) -> None:
        self._database = database
        self.vault = vault
        self._clock = clock
        self._allow_private = allow_private

    async def create(
        self, name: str, kind: ConnectionKind, url: str, options: Options, secret: Secrets, by: str
    ) -> Connection:
        """A connection that hears of what happens to cases from now on.

        Raises Malformed for a name that is taken or none, and for a URL that a webhook may not have.
        """
        if _NAME.fullmatch(name) is None:
            raise Malformed(
                "connection_name", "a name is a-z, 0-9 and -, begins with a letter, and has 32 at most"
            )
        check_url(url, self._allow_private)
        now = self._clock()
        sealed = self.vault.seal(name, json.encode(secret).decode())
        try:
            async with self._database.begin() as connection:
                last = await connection.scalar(select(func.max(case_entries.c.sequence))) or 0
                made = Connection(
                    name=name,
                    kind=kind,
                    url=url.rstrip("/"),
                    options=options,
                    secret=sealed,
                    created_at=now,
                    created_by=by,
                    cursor=last,
                    seen=last,
                    seen_at=now,
                )
                row = {field: getattr(made, field) for field in Connection.__struct_fields__}
                await connection.execute(
                    insert(connections).values(row | {"options": json.encode(options).decode()})
                )
                await _audit(connection, "connection_made", name, by, now)
        except IntegrityError:
            raise Malformed("connection_name", "another connection has this name; remove it first") from None
        return made

    async def all(self) -> list[Counted]:
        """Every connection, oldest first."""
        query = select(tickets.c.connection, tickets.c.state, func.count()).group_by(
            tickets.c.connection, tickets.c.state
        )
        async with self._database.read() as connection:
            counted: dict[str, dict[str, int]] = {}
            for name, state, count in await connection.execute(query):
                counted.setdefault(name, {})[state] = count
            return [Counted(each, counted.get(each.name, {})) for each in await found(connection)]

    async def one(self, name: str) -> Connection | None:
        """The connection of this name."""
        async with self._database.read() as connection:
            there = await found(connection, name)
        return there[0] if there else None

    async def remove(self, name: str, by: str) -> bool:
        """Tell it nothing any more, and forget which ticket is of which case; whether there was one. Tickets there stay."""
        async with self._database.begin() as connection:
            gone = await connection.execute(delete(connections).where(connections.c.name == name))
            if gone.rowcount:
                await _audit(connection, "connection_removed", name, by, self._clock())
            return gone.rowcount > 0

    async def reseal(self) -> int:
        """Seal under the current key what was sealed under one before; how many. What does not open stays as it is."""
        done = 0
        async with self._database.begin() as connection:
            for each in await found(connection):
                if each.secret[0] == self.vault.current or not self.vault.holds(each.secret[0]):
                    continue
                secret = self.vault.reseal(each.name, each.secret)
                mine = connections.c.name == each.name, connections.c.secret == each.secret
                done += (
                    await connection.execute(update(connections).where(*mine).values(secret=secret))
                ).rowcount
        return done

    async def retry(self, name: str) -> int:
        """Try again what was given up; how many tickets."""
        async with self._database.begin() as connection:
            again = await connection.execute(
                update(tickets)
                .where(tickets.c.connection == name, tickets.c.state == "failed")
                .values(state="waiting", attempts=0, next_at=self._clock())
            )
            return again.rowcount


async def found(connection: AsyncConnection, name: str | None = None) -> list[Connection]:
    """Every connection, or the one of this name."""
    query = select(connections).order_by(connections.c.created_at, connections.c.name)
    if name is not None:
        query = query.where(connections.c.name == name)
    rows = (await connection.execute(query)).mappings()
    return [Connection(**{**row, "options": json.decode(row["options"], type=Options)}) for row in rows]


async def _audit(connection: AsyncConnection, action: str, name: str, by: str, at: float) -> None:
    entry: dict[str, Any] = {"at": at, "action": action, "result": "done", "actor": by, "reason": name}
    await audit_log.record(connection, audit_log.Entry(**entry))
