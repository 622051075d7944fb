"""Delivers one claimed notice: routes it, renders it, sends it, and says in SQL how that went.

At least once to the outside: a letter is sent before its delivery is noted, under an idempotency key of
(notice, channel, address) that is the same on every try. What may come twice after a crash carries the same Message-ID.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Mapping

from msgspec import Struct

from contracts.errors import Malformed, Unavailable
from notifier import claims
from notifier.channels import SLOW, Channel
from notifier.claims import Claim
from notifier.render import Templates
from notifier.routing import Route, idempotency_key, routes
from services.platform.database import Database
from services.platform.metrics import DELIVERY_LATENCY, NOTICES, NOTICES_UNDELIVERED
from services.platform.retry import Backoff

#: The reason of a notice that waits until the addresses before were told of a new one. No trouble of anybody's.
TOLD_FIRST = "told_first"


class Patience(Struct, frozen=True, kw_only=True):
    """How long a notice is tried: again after the pauses of `backoff`; one older than `give_up_s` at a failed try has failed.
    One send may take `send_s`, a claim holds `lease_s`.
    A new address waits at most `told_first_s` until those before were told of it.
    """

    backoff: Backoff = Backoff(5.0, 600.0)
    give_up_s: float = 86_400.0
    send_s: float = 45.0
    lease_s: float = 120.0
    told_first_s: float = 3600.0


class _Sent(Struct):
    """How far a notice has come: addresses that took it, refusals for good, and why others must be tried again."""

    delivered: bool = False
    refused: str | None = None
    away: Unavailable | None = None


class Delivery:
    """Carries claimed notices to their channels."""

    def __init__(
        self,
        database: Database,
        channels: Mapping[str, Channel],
        clock: Callable[[], float],
        service: str,
        patience: Patience,
    ) -> None:
        self._database = database
        self._channels = channels
        self._clock = clock
        self._patience = patience
        self._templates = Templates(service)
        #: What notices are counted under that no channel got.
        self.first_channel = next(iter(channels), "")
        for channel in channels:
            for result in ("delivered", "failed", "undeliverable"):
                NOTICES.labels(channel, result)

    @property
    def known(self) -> Collection[str]:
        """The notices that have words."""
        return self._templates.notices

    async def deliver(self, notice: Claim) -> str | None:
        """Send what is left of the notice: the reason why it waits on, None when it has ended.

        Raises Unavailable only when the database is away.
        """
        wanted = routes(notice.points, self._channels)
        if not wanted:
            await self._end(notice, "undeliverable", self.first_channel, "no_contact")
            return None
        sent = _Sent()
        # All at once: an address whose server hangs keeps no other waiting, and each has the whole time.
        async with asyncio.TaskGroup() as tasks:
            for route in wanted:
                tasks.create_task(self._to(notice, route, sent))
        channel = wanted[0].channel
        if sent.away is not None:
            return await self._later(notice, channel, sent)
        if sent.delivered:
            await self._end(notice, "delivered", channel, None)
        else:
            await self._end(notice, "failed", channel, sent.refused)
        return None

    async def _to(self, notice: Claim, route: Route, sent: _Sent) -> None:
        """Send to one address what it has not got yet."""
        outcome = notice.settled.get((route.channel, route.address_key))
        try:
            if outcome is None:
                outcome = await self._sent_to(notice, route)
                now = self._clock()
                await claims.note_delivery(
                    self._database, notice, route.channel, route.address_key, outcome, now
                )
        except Malformed as error:
            # What cannot be written is refused by no address: there is nothing to note.
            sent.refused = error.reason
        except Unavailable as error:
            if sent.away is None or sent.away.reason == TOLD_FIRST:
                sent.away = error
        else:
            sent.delivered |= outcome == "delivered"
            if outcome != "delivered":
                sent.refused = outcome

    async def _sent_to(self, notice: Claim, route: Route) -> str:
        """How the address took the letter: `delivered`, or the reason why it never will."""
        now = self._clock()
        if route.told_since is not None and now - route.told_since < self._patience.told_first_s:
            raise Unavailable("the addresses before are told first", TOLD_FIRST)
        letter = self._templates.letter(notice, route)
        try:
            async with asyncio.timeout(self._patience.send_s):
                key = idempotency_key(notice.notice_id, route)
                await self._channels[route.channel].send(letter, key, notice.recorded_at)
        except TimeoutError:
            raise Unavailable("the channel took too long", SLOW) from None
        except Malformed as error:
            return error.reason
        return "delivered"

    async def _later(self, notice: Claim, channel: str, sent: _Sent) -> str | None:
        error, now = sent.away or Unavailable(), self._clock()
        words = str(error)[:256]
        if now - notice.recorded_at < self._patience.give_up_s:
            until = now + self._patience.backoff.pause_s(notice.attempts)
            await claims.put_off(self._database, notice, until, words)
        elif sent.delivered:
            await self._end(notice, "delivered", channel, None, words)
        else:
            await self._end(notice, "failed", channel, "gave_up", words)
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
