"""Delivers one claimed notice: routes it, renders it, sends it, and says in SQL how that went.

At least once to the outside: a letter is sent before its delivery is noted, under an idempotency key of
(notice, channel) that is the same on every try. What may come twice after a crash carries the same Message-ID.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence

from msgspec import Struct

from contracts.decisions import Decision
from contracts.errors import Malformed, Unavailable
from notifier import claims
from notifier.channels import SLOW, Channel, Letter
from notifier.claims import Claim
from notifier.render import Templates
from notifier.routing import Route, idempotency_key, routes
from services.database import Database
from services.metrics import DELIVERY_LATENCY, NOTICES, NOTICES_UNDELIVERED

#: The sentences of a decision in a locale, such as `services.scoring.explain.sentences`.
Explain = Callable[[Decision, str], Sequence[str]]


class Patience(Struct, frozen=True, kw_only=True):
    """How long a notice is tried. The first retry waits `first_s`, each further one twice as long up to `ceiling_s`;
    a notice older than `give_up_s` at a failed try has failed. One send may take `send_s`, a claim holds `lease_s`.
    """

    first_s: float = 5.0
    ceiling_s: float = 600.0
    give_up_s: float = 86_400.0
    send_s: float = 45.0
    lease_s: float = 120.0

    def retry_at(self, attempts: int, now: float) -> float:
        """When to try again after the given number of tries."""
        return now + min(self.first_s * 2.0 ** min(attempts - 1, 30), self.ceiling_s)


class Delivery:
    """Carries claimed notices to their channels."""

    def __init__(
        self,
        database: Database,
        channels: Mapping[str, Channel],
        explain: Explain,
        clock: Callable[[], float],
        service: str,
        patience: Patience,
    ) -> None:
        self._database = database
        self._channels = channels
        self._explain = explain
        self._clock = clock
        self._service = service
        self._patience = patience
        self._templates = Templates.load()

    async def deliver(self, notice: Claim) -> str | None:
        """Send what is left of the notice: the reason why it waits on, None when it has ended.

        Raises Unavailable only when the database is away.
        """
        wanted = routes(notice.contact, self._channels)
        if not wanted:
            await self._end(notice, "undeliverable", "mail", "no_contact")
            return None
        for route in wanted:
            if route.channel in notice.delivered:
                continue
            try:
                await self._send(notice, route)
            except Malformed as error:
                await self._end(notice, "failed", route.channel, error.reason)
                return None
            except Unavailable as error:
                return await self._later(notice, route.channel, error)
            await claims.note_delivery(self._database, notice, route.channel, self._clock())
        await self._end(notice, "delivered", wanted[-1].channel, None)
        return None

    async def _send(self, notice: Claim, route: Route) -> None:
        letter = self._letter(notice, route)
        key = idempotency_key(notice.notice_id, route.channel)
        try:
            async with asyncio.timeout(self._patience.send_s):
                await self._channels[route.channel].send(letter, key, notice.recorded_at)
        except TimeoutError:
            raise Unavailable("the channel took too long", SLOW) from None

    def _letter(self, notice: Claim, route: Route) -> Letter:
        if notice.news is not None:
            return self._templates.news(notice.template, notice.news, route, self._service)
        if notice.decision is None:
            raise Malformed("unknown_event", "a notice about nothing that is recorded")
        reasons = self._explain(notice.decision, route.locale)
        return self._templates.letter(notice.template, notice.decision, route, reasons, self._service)

    async def _later(self, notice: Claim, channel: str, error: Unavailable) -> str:
        now, words = self._clock(), str(error)[:256]
        if now - notice.recorded_at >= self._patience.give_up_s:
            await self._end(notice, "failed", channel, "gave_up", words)
        else:
            until = self._patience.retry_at(notice.attempts, now)
            await claims.put_off(self._database, notice, until, words)
        return error.reason

    async def _end(
        self, notice: Claim, state: str, channel: str, reason: str | None, words: str | None = None
    ) -> None:
        now = self._clock()
        if not await claims.end(self._database, notice, state, now, words or reason):
            return
        NOTICES.labels(channel, state).inc()
        if reason is not None:
            NOTICES_UNDELIVERED.labels(reason).inc()
        if state == "delivered":
            DELIVERY_LATENCY.observe(max(0.0, now - notice.recorded_at))
