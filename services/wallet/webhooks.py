"""Webhooks: where actions are sent to, under which secrets, and what came of it."""

from __future__ import annotations

import base64
import hmac
import secrets
from collections.abc import Callable, Sequence

from msgspec import Struct
from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from services.platform.database import Database, insert_new
from services.platform.keyring import Keyring
from services.wallet.actions import Kind
from services.wallet.outside import check_url
from services.wallet.tables import wallet_actions, webhook_deliveries, webhooks

#: The secret before a rotation signs beside the new one for so long.
OLD_SECRET_S = 86_400.0
_PREFIX = "whsec_"


class Webhook(Struct, frozen=True, kw_only=True):
    """Where actions of these kinds (none named: all) are sent to. Times are epoch seconds."""

    webhook_id: str
    url: str
    kinds: tuple[Kind, ...]
    created_at: float
    created_by: str
    key_version: int
    generation: int
    old_until: float | None
    cursor: int
    failing_since: float | None
    disabled_at: float | None
    disabled_why: str | None


class Delivery(Struct, frozen=True, kw_only=True):
    """One action on its way to one webhook; `last_status` is an HTTP status, `last_error` a short code."""

    webhook_id: str
    action_id: str
    state: str
    attempts: int
    next_at: float
    last_status: int | None
    last_error: str | None
    ended_at: float | None


class WebhookSecrets:
    """Secrets of webhooks, derived from PayGuard's signing key: nothing that could leak lies in the database."""

    def __init__(self, keys: Keyring) -> None:
        self._keys = keys.derived("webhooks")

    @property
    def current(self) -> int:
        """The version of new secrets."""
        return self._keys.current

    def of(self, webhook: Webhook, now: float) -> list[str]:
        """The secrets that sign at `now`, the newest first; none when the key of its version is gone."""
        generations = [webhook.generation]
        if webhook.old_until is not None and now < webhook.old_until:
            generations.append(webhook.generation - 1)
        return [self._secret(webhook, each) for each in generations if webhook.key_version in self._keys.keys]

    def _secret(self, webhook: Webhook, generation: int) -> str:
        key = self._keys.keys[webhook.key_version]
        name = f"{webhook.webhook_id}:{generation}".encode()
        return _PREFIX + base64.b64encode(hmac.digest(key, name, "sha256")).decode()


class Webhooks:
    """Makes, lists and ends webhooks. Every method raises Unavailable when the database is away."""

    def __init__(
        self, database: Database, keys: WebhookSecrets, clock: Callable[[], float], allow_private: bool
    ) -> None:
        self._database = database
        self._keys = keys
        self._clock = clock
        self._allow_private = allow_private

    async def create(self, url: str, kinds: Sequence[Kind], by: str) -> tuple[Webhook, str]:
        """A webhook that hears of actions from now on, and its secret. Raises Malformed for a URL that it may not have."""
        check_url(url, self._allow_private)
        async with self._database.begin() as connection:
            last = await connection.scalar(select(func.max(wallet_actions.c.sequence))) or 0
            webhook = Webhook(
                webhook_id=secrets.token_hex(8),
                url=url,
                kinds=tuple(dict.fromkeys(kinds)),
                created_at=self._clock(),
                created_by=by,
                key_version=self._keys.current,
                generation=1,
                old_until=None,
                cursor=int(last),
                failing_since=None,
                disabled_at=None,
                disabled_why=None,
            )
            row = {name: getattr(webhook, name) for name in Webhook.__struct_fields__}
            await connection.execute(insert(webhooks), row | {"kinds": " ".join(webhook.kinds)})
        return webhook, self._keys.of(webhook, self._clock())[0]

    async def all(self) -> list[Webhook]:
        """Every webhook, oldest first."""
        async with self._database.read() as connection:
            return await found(connection)

    async def delete(self, webhook_id: str) -> bool:
        """Forget a webhook with its deliveries; whether there was one."""
        async with self._database.begin() as connection:
            gone = await connection.execute(delete(webhooks).where(webhooks.c.webhook_id == webhook_id))
            return gone.rowcount > 0

    async def rotate(self, webhook_id: str) -> str | None:
        """A new secret; the one before signs as well for OLD_SECRET_S seconds. Also enables it again. None: no such webhook."""
        async with self._database.begin() as connection:
            statement = (
                update(webhooks)
                .where(webhooks.c.webhook_id == webhook_id)
                .values(
                    generation=webhooks.c.generation + 1,
                    old_until=self._clock() + OLD_SECRET_S,
                    failing_since=None,
                    disabled_at=None,
                    disabled_why=None,
                )
            )
            await connection.execute(statement)
            there = await found(connection, webhook_id)
        return self._keys.of(there[0], self._clock())[0] if there else None

    async def replay(self, webhook_id: str, after: int) -> int | None:
        """Send all that lies behind this place of the feed once more; how many that are. None: no such webhook."""
        async with self._database.begin() as connection:
            there = await found(connection, webhook_id)
            if not there:
                return None
            await connection.execute(
                delete(webhook_deliveries).where(
                    webhook_deliveries.c.webhook_id == webhook_id,
                    webhook_deliveries.c.action_id.in_(
                        select(wallet_actions.c.action_id).where(wallet_actions.c.sequence > after)
                    ),
                )
            )
            return await spread(connection, there[0], self._clock(), after)

    async def deliveries(self, webhook_id: str, limit: int) -> list[Delivery]:
        """The latest deliveries, newest action first."""
        query = (
            select(webhook_deliveries)
            .join(wallet_actions, wallet_actions.c.action_id == webhook_deliveries.c.action_id)
            .where(webhook_deliveries.c.webhook_id == webhook_id)
            .order_by(wallet_actions.c.sequence.desc())
            .limit(limit)
        )
        async with self._database.read() as connection:
            return [Delivery(**row) for row in (await connection.execute(query)).mappings()]


async def found(connection: AsyncConnection, webhook_id: str | None = None) -> list[Webhook]:
    """Every webhook, or the one of this id."""
    query = select(webhooks).order_by(webhooks.c.created_at, webhooks.c.webhook_id)
    if webhook_id is not None:
        query = query.where(webhooks.c.webhook_id == webhook_id)
    rows = (await connection.execute(query)).mappings()
    return [Webhook(**{**row, "kinds": tuple(row["kinds"].split())}) for row in rows]


async def spread(connection: AsyncConnection, webhook: Webhook, now: float, after: int | None = None) -> int:
    """Make the deliveries of actions behind the webhook's cursor, or behind `after`; how many, in the caller's transaction."""
    start = webhook.cursor if after is None else after
    query = select(wallet_actions.c.sequence, wallet_actions.c.action_id).where(
        wallet_actions.c.sequence > start
    )
    if webhook.kinds:
        query = query.where(wallet_actions.c.kind.in_(webhook.kinds))
    new = (await connection.execute(query.order_by(wallet_actions.c.sequence).limit(1000))).all()
    if not new:
        return 0
    rows = [
        {"webhook_id": webhook.webhook_id, "action_id": row.action_id, "state": "waiting", "next_at": now}
        for row in new
    ]
    await connection.execute(insert_new(webhook_deliveries), rows)
    last = max(webhook.cursor, new[-1].sequence)
    await connection.execute(
        update(webhooks).where(webhooks.c.webhook_id == webhook.webhook_id).values(cursor=last)
    )
    return len(new)
