"""Sends actions to webhooks as Standard Webhooks has it, again and again until each is taken or given up.

https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from datetime import UTC, datetime
from zlib import crc32

import httpcore
from msgspec import Struct, json
from sqlalchemy import select, update
from standardwebhooks import Webhook as Signer

from contracts.errors import Unavailable
from services.platform.database import Database
from services.platform.metrics import WEBHOOK_DELIVERIES
from services.platform.progress import Progress
from services.platform.retry import repeat
from services.wallet.tables import wallet_actions, webhook_deliveries, webhooks
from services.wallet.webhooks import Webhook, WebhookSecrets, found, spread

#: Pauses after each failure, in seconds; the last delivery that fails after them is given up.
SCHEDULE_S = (5, 300, 1800, 7200, 18_000, 36_000, 50_400, 72_000, 86_400)
_JITTER = 0.2
_WITHIN_S = 20.0
_MOST_AT_ONCE = 20
_LOOK_EVERY_S = 0.5
#: A webhook that took nothing for so long is disabled.
_DISABLED_AFTER_S = 3 * 86_400.0
_GONE = 410
_TIMEOUTS = {"connect": 5.0, "read": _WITHIN_S, "write": _WITHIN_S, "pool": _WITHIN_S}
log = logging.getLogger(__name__)


class _Due(Struct, frozen=True):
    webhook: Webhook
    action_id: str
    kind: str
    account_id: str
    event_id: str
    at: float
    attempts: int


class _Came(Struct, frozen=True):
    """What came of a try: an HTTP status or a short code of why there was none; `wait_s` as the receiver asked."""

    status: int | None = None
    error: str | None = None
    wait_s: float | None = None

    @property
    def taken(self) -> bool:
        return self.status is not None and 200 <= self.status < 300


class WebhookSender:
    """Tries what is due, each webhook by itself: one that hangs delays no other.

    `pool` bounds where it may go, see `services.wallet.outside`.
    """

    def __init__(
        self,
        database: Database,
        keys: WebhookSecrets,
        pool: httpcore.AsyncConnectionPool,
        clock: Callable[[], float],
    ) -> None:
        self._database = database
        self._keys = keys
        self._pool = pool
        self._clock = clock
        self._busy: set[str] = set()

    async def run(self, stopping: asyncio.Event, progress: Progress) -> None:
        """Work until `stopping`; waits for a database that is away."""

        async def step() -> int:
            begun = await self.step(tasks)
            progress.worked()
            return begun

        async with asyncio.TaskGroup() as tasks:
            await repeat(step, stopping, progress.failed, _LOOK_EVERY_S)

    async def step(self, tasks: asyncio.TaskGroup) -> int:
        """Make new deliveries and begin to try those that are due; how many. Raises Unavailable when the database is away."""
        async with self._database.begin() as connection:
            active = [each for each in await found(connection) if each.disabled_at is None]
            for webhook in active:
                await spread(connection, webhook, self._clock())
        begun = 0
        for webhook in active:
            if webhook.webhook_id in self._busy:
                continue
            if due := await self._due(webhook):
                self._busy.add(webhook.webhook_id)
                tasks.create_task(self._serve(webhook.webhook_id, due))
                begun += len(due)
        return begun

    async def _serve(self, webhook_id: str, due: list[_Due]) -> None:
        try:
            came = await asyncio.gather(*(self._try(each) for each in due))
            for each, result in zip(due, came, strict=True):
                await self._note(each, result)
        except Unavailable:
            return  # what is not noted is due still, and is sent again under the same id
        finally:
            self._busy.discard(webhook_id)

    async def _due(self, webhook: Webhook) -> list[_Due]:
        query = (
            select(
                webhook_deliveries.c.attempts,
                *(wallet_actions.c[name] for name in ("action_id", "kind", "account_id", "event_id", "at")),
            )
            .join(wallet_actions, wallet_actions.c.action_id == webhook_deliveries.c.action_id)
            .where(webhook_deliveries.c.state == "waiting", webhook_deliveries.c.next_at <= self._clock())
            .where(webhook_deliveries.c.webhook_id == webhook.webhook_id)
            .order_by(webhook_deliveries.c.next_at)
            .limit(_MOST_AT_ONCE)
        )
        async with self._database.read() as connection:
            rows = (await connection.execute(query)).all()
        return [
            _Due(webhook, row.action_id, row.kind, row.account_id, row.event_id, row.at, row.attempts)
            for row in rows
        ]

    async def _try(self, due: _Due) -> _Came:
        now = self._clock()
        body = message(due.action_id, due.kind, due.account_id, due.event_id, due.at)
        signers = self._keys.of(due.webhook, now)
        if not signers:
            return _Came(error="no_key")
        moment = datetime.fromtimestamp(now, UTC)
        signed = " ".join(Signer(each).sign(due.action_id, moment, body.decode()) for each in signers)
        headers: dict[bytes | str, bytes | str] = {
            "content-type": "application/json",
            "user-agent": "PayGuard-Webhooks/1",
            "webhook-id": due.action_id,
            "webhook-timestamp": str(int(now)),
            "webhook-signature": signed,
        }
        try:
            async with asyncio.timeout(_WITHIN_S):
                answer = await self._pool.request(
                    "POST", due.webhook.url, headers=headers, content=body, extensions={"timeout": _TIMEOUTS}
                )
        except (httpcore.TimeoutException, TimeoutError):
            return _Came(error="slow")
        except (
            httpcore.NetworkError,
            httpcore.ProtocolError,
            httpcore.UnsupportedProtocol,
            OSError,
        ) as error:
            return _Came(error=type(error).__name__[:64])
        return _Came(answer.status, None if answer.status < 300 else "refused", _retry_after(answer))

    async def _note(self, due: _Due, came: _Came) -> None:
        now = self._clock()
        state, next_at = "delivered", now
        if not came.taken:
            pause_s = pause_after(due.attempts, due.action_id)
            state = "failed" if pause_s is None else "waiting"
            next_at = now + max(pause_s or 0.0, came.wait_s or 0.0)
        WEBHOOK_DELIVERIES.labels(
            "delivered" if came.taken else "failed" if state == "failed" else "retried"
        ).inc()
        row = (
            update(webhook_deliveries)
            .where(
                webhook_deliveries.c.webhook_id == due.webhook.webhook_id,
                webhook_deliveries.c.action_id == due.action_id,
            )
            .values(
                state=state,
                attempts=due.attempts + 1,
                next_at=next_at,
                last_status=came.status,
                last_error=came.error,
                ended_at=None if state == "waiting" else now,
            )
        )
        values = _health(due.webhook, came, now)
        async with self._database.begin() as connection:
            await connection.execute(row)
            await connection.execute(
                update(webhooks).where(webhooks.c.webhook_id == due.webhook.webhook_id).values(**values)
            )
        if values.get("disabled_at") is not None:
            log.error("webhook %s is disabled: %s", due.webhook.webhook_id, values["disabled_why"])


def message(action_id: str, kind: str, account_id: str, event_id: str, at: float) -> bytes:
    """What a webhook gets: the kind of thing, when, and the ids to ask for the rest with."""
    data = {"action_id": action_id, "kind": kind, "account_id": account_id, "event_id": event_id}
    moment = datetime.fromtimestamp(at, UTC).isoformat().replace("+00:00", "Z")
    return json.encode({"type": f"action.{kind}", "timestamp": moment, "data": data})


def pause_after(attempts: int, action_id: str) -> float | None:
    """Seconds until the next try after so many tries before this one; None when it is to be given up.

    Spread by a fifth, by the action's id, so that what failed together does not come back together.
    """
    if attempts >= len(SCHEDULE_S):
        return None
    return SCHEDULE_S[attempts] * (1.0 + _JITTER * crc32(action_id.encode()) / 2**32)


def _health(webhook: Webhook, came: _Came, now: float) -> dict[str, float | str | None]:
    if came.taken:
        return {"failing_since": None}
    since = webhook.failing_since if webhook.failing_since is not None else now
    if came.status == _GONE:
        return {"failing_since": since, "disabled_at": now, "disabled_why": "gone"}
    if now - since >= _DISABLED_AFTER_S:
        return {"failing_since": since, "disabled_at": now, "disabled_why": "failing"}
    return {"failing_since": since}


def _retry_after(answer: httpcore.Response) -> float | None:
    for name, value in answer.headers:
        if name.lower() == b"retry-after" and value.isdigit():
            return min(float(value), SCHEDULE_S[-1])
    return None
