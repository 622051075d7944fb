"""Waiting for decisions: one subscription a process, many waiters.

A waiter is registered before its event is sent, so no decision slips by. A published decision can still be missed (the
connection was away, or the first sender of a repeated event id waits in another process), so what is kept is looked
up too.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import AbstractAsyncContextManager, contextmanager
from typing import Protocol

from contracts.errors import Unavailable
from services.background import say_when_ended

#: A waiter looks into the mailbox after these pauses, and once more at its end. What is only slow must not cost more.
_LOOK_AFTER_S = (0.25, 0.25, 0.5, 1.0)
#: Of the whole process: each look under way holds a connection to the store, and opening one costs as much as a request.
_LOOKS_AT_ONCE = 16
_RETRY_S = 0.5
_log = logging.getLogger(__name__)


class Mailbox(Protocol):
    """The reading side of the decision mailbox (`services.memory.redis_store.RedisMailbox`)."""

    async def get(self, event_id: str) -> bytes | None: ...
    def listen(self, channel: str) -> AbstractAsyncContextManager[AsyncIterator[tuple[str, bytes]]]: ...


class Replies:
    """Decisions for the waiters of this process; `channel` goes into the reply-to header of each event."""

    def __init__(self, mailbox: Mailbox, channel: str) -> None:
        self.channel = channel
        self._mailbox = mailbox
        self._waiting: dict[str, list[Expected]] = {}
        self._listener: asyncio.Task[None] | None = None
        self._subscribed = asyncio.Event()
        self._tried = asyncio.Event()
        self._looks = asyncio.Semaphore(_LOOKS_AT_ONCE)

    @property
    def listening(self) -> bool:
        """Whether the subscription stands now."""
        return self._subscribed.is_set()

    async def start(self) -> None:
        """Subscribe, or go on trying in the background while the store is away.

        Raises what no repeating can mend, such as refused credentials.
        """
        self._listener = asyncio.create_task(self._listen())
        tried = asyncio.create_task(self._tried.wait())
        await asyncio.wait({self._listener, tried}, return_when=asyncio.FIRST_COMPLETED)
        tried.cancel()
        if self._listener.done():
            self._listener.result()
        say_when_ended(self._listener, "replies")

    async def stop(self) -> None:
        """End the subscription; who still waits gets its answer from the mailbox or none."""
        if self._listener is not None:
            self._listener.cancel()
            await asyncio.gather(self._listener, return_exceptions=True)

    async def kept(self, event_ids: Sequence[str]) -> dict[str, bytes]:
        """The decisions already there, by event id. Raises Unavailable."""
        if len(event_ids) == 1:
            decisions = [await self._one(event_ids[0])]
        else:
            decisions = await asyncio.gather(*map(self._one, event_ids))
        return {name: body for name, body in zip(event_ids, decisions, strict=True) if body is not None}

    async def _one(self, event_id: str) -> bytes | None:
        async with self._looks:
            return await self._mailbox.get(event_id)

    @contextmanager
    def expected(self, event_ids: Sequence[str]) -> Iterator[Expected]:
        """Register for decisions before their events are sent; leaving the block forgets them."""
        expected = Expected(self)
        for event_id in event_ids:
            self._waiting.setdefault(event_id, []).append(expected)
        try:
            yield expected
        finally:
            for event_id in event_ids:
                waiting = self._waiting[event_id]
                waiting.remove(expected)
                if not waiting:
                    del self._waiting[event_id]

    def _arrived(self, event_id: str, decision: bytes) -> None:
        for expected in self._waiting.get(event_id, ()):
            expected.arrived(event_id, decision)

    async def _listen(self) -> None:
        while True:
            try:
                async with self._mailbox.listen(self.channel) as messages:
                    self._subscribed.set()
                    self._tried.set()
                    async for event_id, decision in messages:
                        self._arrived(event_id, decision)
            except Unavailable as error:
                _log.warning("no subscription to decisions: %s", error)
            finally:
                self._subscribed.clear()
            self._tried.set()
            await asyncio.sleep(_RETRY_S)


class Expected:
    """Decisions somebody waits for."""

    def __init__(self, replies: Replies) -> None:
        self._replies = replies
        self._arrived: dict[str, bytes] = {}
        self._missing: set[str] = set()
        self._complete: asyncio.Future[None] | None = None

    def arrived(self, event_id: str, decision: bytes) -> None:
        """Take a decision; the last one missing wakes the waiter."""
        self._arrived.setdefault(event_id, decision)
        self._missing.discard(event_id)
        if not self._missing and self._complete is not None and not self._complete.done():
            self._complete.set_result(None)

    async def within(self, timeout_s: float, event_ids: Sequence[str]) -> dict[str, bytes]:
        """Those of the decisions that came in time, by event id; an empty or partial answer is not an error."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + timeout_s
        self._missing = set(event_ids).difference(self._arrived)
        for pause_s in (*_LOOK_AFTER_S, timeout_s):
            left_s = deadline - loop.time()
            if not self._missing or left_s <= 0:
                break
            self._complete = loop.create_future()
            try:
                async with asyncio.timeout(min(pause_s, left_s)):
                    await self._complete
            except TimeoutError:
                await self._look(sorted(self._missing))
        return {event_id: self._arrived[event_id] for event_id in event_ids if event_id in self._arrived}

    async def _look(self, event_ids: Sequence[str]) -> None:
        try:
            found = await self._replies.kept(event_ids)
        except Unavailable:
            return  # the answer is then "not yet", with the address to ask at
        for event_id, decision in found.items():
            self.arrived(event_id, decision)
