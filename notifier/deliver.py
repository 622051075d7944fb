"""Sends one claimed message: renders it, hands it to its channel, and says in SQL how that went.

At least once to the outside: a letter is sent before its end is noted, under an idempotency key of (notice, channel, address)
that is the same on every try. What may come twice after a crash carries the same Message-ID.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Mapping, Sequence

from msgspec import Struct

from contracts.errors import Malformed, Unavailable
from notifier import queue
from notifier.channels import ADDRESS_GONE, ADDRESS_PUT_OFF, ADDRESS_REFUSED, SLOW, Channel, Sent
from notifier.plan import CLASSES, Way
from notifier.queue import Message
from notifier.render import Templates
from notifier.standing import Standing
from services.platform.database import Database
from services.platform.metrics import (
    DELIVERY_LATENCY,
    MESSAGE_SECONDS,
    MESSAGES,
    NOTICES,
    NOTICES_UNDELIVERED,
)
from services.platform.retry import Backoff

_ENDS = ("handed_over", "delivered", "failed", "suppressed")


class Patience(Struct, frozen=True, kw_only=True):
    """How long a message is tried: again after the pauses of `backoff`; one whose notice is older than `give_up_s` at a failed
    try has failed. One send may take `send_s`, a claim holds `lease_s`.
    """

    backoff: Backoff = Backoff(5.0, 600.0)
    give_up_s: float = 86_400.0
    send_s: float = 45.0
    lease_s: float = 120.0


class Delivery:
    """Carries claimed messages to their channels."""

    def __init__(
        self,
        database: Database,
        channels: Mapping[str, Channel],
        ways: Sequence[Way],
        clock: Callable[[], float],
        templates: Templates,
        patience: Patience,
    ) -> None:
        self._database = database
        self._channels = channels
        self._clock = clock
        self._patience = patience
        self._templates = templates
        self.standing = Standing(channels)
        self._fallbacks = {name: [way for way in ways if name in way.stands_in_for] for name in channels}
        for channel in channels:
            for result in ("delivered", "failed", "undeliverable"):
                NOTICES.labels(channel, result)
            for kind in CLASSES:
                for state in _ENDS:
                    MESSAGES.labels(channel, kind, state)

    @property
    def known(self) -> Collection[str]:
        """The notices that have words."""
        return self._templates.notices

    async def deliver(self, message: Message) -> str | None:
        """Send the message: the reason why it waits on, None when it has ended.

        Raises Unavailable only when the database is away.
        """
        try:
            letter = self._templates.letter(message.notice, message.route)
        except Malformed as error:
            await self._end(message, "failed", error.reason)
            return None
        try:
            async with asyncio.timeout(self._patience.send_s):
                channel = self._channels[message.channel]
                sent = await channel.send(letter, message.message_id, message.notice.recorded_at)
        except TimeoutError:
            return await self._later(message, Unavailable("the channel took too long", SLOW))
        except Unavailable as error:
            return await self._later(message, error)
        except Malformed as error:
            if error.reason not in (ADDRESS_REFUSED, ADDRESS_GONE):
                self.standing.refused(message.channel)
            await self._end(message, "failed", error.reason)
            return None
        self.standing.took(message.channel)
        await self._end(message, "delivered" if sent.delivered else "handed_over", sent=sent)
        return None

    async def _later(self, message: Message, error: Unavailable) -> str:
        now, words = self._clock(), str(error)[:256]
        if error.reason != ADDRESS_PUT_OFF:
            self.standing.put_off(message.channel)
        if now - message.notice.recorded_at < self._patience.give_up_s:
            until = now + self._patience.backoff.pause_s(message.attempts)
            await queue.put_off(self._database, message, until, words)
        else:
            await self._end(message, "failed", "gave_up", words)
        return error.reason

    async def _end(
        self,
        message: Message,
        state: str,
        why: str | None = None,
        words: str | None = None,
        sent: Sent | None = None,
    ) -> None:
        now = self._clock()
        settled = await queue.settle(
            self._database,
            message,
            now,
            state=state,
            why=why,
            words=words,
            provider_id=None if sent is None else sent.provider_id,
            forget=why == ADDRESS_GONE,
            fallbacks=self._fallbacks[message.channel],
        )
        if settled is None:
            return
        waited_s = max(0.0, now - message.notice.recorded_at)
        MESSAGES.labels(message.channel, message.message_class, state).inc()
        if state != "failed":
            MESSAGE_SECONDS.labels(message.channel).observe(waited_s)
        if settled.notice is None:
            return
        NOTICES.labels(message.channel, settled.notice).inc()
        if settled.notice == "failed":
            NOTICES_UNDELIVERED.labels(why or "gave_up").inc()
        elif settled.notice == "delivered":
            DELIVERY_LATENCY.observe(waited_s)
