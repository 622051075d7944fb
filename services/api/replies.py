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
from services.platform.background import say_when_ended

#: A waiter looks into the stored replies after these pauses, and once more at its end. What is only slow must not cost more.
_LOOK_AFTER_S = (0.25, 0.25, 0.5, 1.0)
#: Of the whole process: each look under way holds a connection to the store, and opening one costs as much as a request.
_LOOKS_AT_ONCE = 16
_RETRY_S = 0.5
_log = logging.getLogger(__name__)


class ReplyStore(Protocol):
    """The reading side of the stored replies (`services.memory.redis_store.RedisReplies`)."""

    async def get(self, name: str) -> bytes | None: ...
    def listen(self, channel: str) -> AbstractAsyncContextManager[AsyncIterator[tuple[str, bytes]]]: ...


class ReplyReader(ReplyStore, Protocol):
    """The stored replies as those read it who know an event's id alone."""

    async def of_event(self, event_id: str) -> dict[str, bytes]: ...


class Replies:
    """Decisions for the waiters of this process; `channel` goes into the reply-to header of each event."""

    def __init__(self, stored_replies: ReplyStore, channel: str) -> None:
        self.channel = channel
        self._stored_replies = stored_replies
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
        """End the subscription; who still waits gets its answer from the stored replies or none."""
        if self._listener is not None:
            self._listener.cancel()
            await asyncio.gather(self._listener, return_exceptions=True)

    async def kept(self, names: Sequence[str]) -> dict[str, bytes]:
        """The decisions already there, by the name of the answer. Raises Unavailable."""
        if len(names) == 1:
            decisions = [await self._one(names[0])]
        else:
            decisions = await asyncio.gather(*map(self._one, names))
        return {name: body for name, body in zip(names, decisions, strict=True) if body is not None}

    async def _one(self, name: str) -> bytes | None:
        async with self._looks:
            return await self._stored_replies.get(name)

    @contextmanager
    def expected(self, names: Sequence[str]) -> Iterator[Expected]:
        """Register for decisions before their events are sent; leaving the block forgets them."""
        expected = Expected(self)
        for name in names:
            self._waiting.setdefault(name, []).append(expected)
        try:
            yield expected
        finally:
            for name in names:
                waiting = self._waiting[name]
                waiting.remove(expected)
                if not waiting:
                    del self._waiting[name]

    def _arrived(self, name: str, decision: bytes) -> None:
        for expected in self._waiting.get(name, ()):
            expected.arrived(name, decision)

    async def _listen(self) -> None:
        while True:
            try:
                async with self._stored_replies.listen(self.channel) as messages:
                    self._subscribed.set()
                    self._tried.set()
                    async for name, decision in messages:
                        self._arrived(name, decision)
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

    def arrived(self, name: str, decision: bytes) -> None:
        """Take a decision; the last one missing wakes the waiter."""
        self._arrived.setdefault(name, decision)
        self._missing.discard(name)
        if not self._missing and self._complete is not None and not self._complete.done():
            self._complete.set_result(None)

    async def within(self, timeout_s: float, names: Sequence[str]) -> dict[str, bytes]:
        """Those of the decisions that came in time, by the name of the answer; an empty or partial answer is not an error."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + timeout_s
        self._missing = set(names).difference(self._arrived)
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
        return {name: self._arrived[name] for name in names if name in self._arrived}

    async def _look(self, names: Sequence[str]) -> None:
        try:
            found = await self._replies.kept(names)
        except Unavailable:
            return  # the answer is then "not yet", with the address to ask at
        for name, decision in found.items():
            self.arrived(name, decision)
