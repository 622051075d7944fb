"""One way out of one channel: takes its own messages and sends them, whatever the other channels do.

Critical messages have a lane of their own on each channel, so that a storm of others never stands before them.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import NamedTuple
from uuid import uuid4

from contracts.errors import Unavailable
from notifier import queue
from notifier.channels import ADDRESS_PUT_OFF
from notifier.circuit import Circuit
from notifier.deliver import Delivery, Patience
from notifier.pace import Pace
from notifier.planner import Passed, Priority
from notifier.queue import Message
from services.platform.database import Database


class Handful(NamedTuple):
    """What became of the messages that were tried together: the reasons of those that wait on, None of those that ended."""

    reasons: Sequence[str | None]

    @property
    def answered(self) -> bool:
        """Whether the other side was there: it took or refused a message, or put one address off."""
        return None in self.reasons or ADDRESS_PUT_OFF in self.reasons


class Lane:
    """The messages of one priority on one channel, `at_once` at a time, and as many a second as its `pace` allows."""

    def __init__(
        self,
        channel: str,
        priority: Priority,
        database: Database,
        delivery: Delivery,
        clock: Callable[[], float],
        patience: Patience,
        passed: Passed,
        at_once: int,
        pace: Pace | None = None,
    ) -> None:
        self.channel = channel
        self.priority = priority
        self.circuit = Circuit()
        self._database = database
        self._delivery = delivery
        self._clock = clock
        self._patience = patience
        self._passed = passed
        self._at_once = at_once
        self._pace = pace

    async def handful(self) -> Handful:
        """Claim and send one handful. Raises Unavailable when the database is away."""
        room = self.circuit.room(self._at_once, self._clock())
        if not room:
            return Handful(())
        found = await queue.claim(
            self._database,
            channel=self.channel,
            priority=self.priority,
            lease=uuid4().hex,
            now=self._clock(),
            lease_s=self._patience.lease_s,
            limit=room,
            passed=self._passed,
            pace=self._pace,
        )
        async with asyncio.TaskGroup() as tasks:
            tried = [tasks.create_task(self._deliver(message)) for message in found]
        done = Handful([each.result() for each in tried])
        self._judge(done)
        return done

    async def _deliver(self, message: Message) -> str | None:
        try:
            return await self._delivery.deliver(message)
        except Unavailable as error:
            # A database that went away between claim and note: the lease ends by itself.
            return error.reason

    def _judge(self, done: Handful) -> None:
        if done.answered:
            self.circuit.answered()
        elif done.reasons:
            self.circuit.failed(self._clock(), len(done.reasons))
