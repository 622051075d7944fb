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

#: A waiter looks into the mailbox after these pauses, and once more at its end.
_LOOK_AFTER_S = (0.1, 0.2, 0.4, 0.8)
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
        self._waiting: dict[str, list[asyncio.Future[bytes]]] = {}
        self._listener: asyncio.Task[None] | None = None
        self._subscribed = asyncio.Event()
        self._tried = asyncio.Event()

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
        self._listener.add_done_callback(_report)

    async def stop(self) -> None:
        """End the subscription; who still waits gets its answer from the mailbox or none."""
        if self._listener is not None:
            self._listener.cancel()
            await asyncio.gather(self._listener, return_exceptions=True)

    async def kept(self, event_ids: Sequence[str]) -> dict[str, bytes]:
        """The decisions already there, by event id. Raises Unavailable."""
        found: dict[str, bytes] = {}
        for start in range(0, len(event_ids), _LOOKS_AT_ONCE):
            some = event_ids[start : start + _LOOKS_AT_ONCE]
            decisions = await asyncio.gather(*(self._mailbox.get(event_id) for event_id in some))
            found.update((name, body) for name, body in zip(some, decisions, strict=True) if body is not None)
        return found

    @contextmanager
    def expected(self, event_ids: Sequence[str]) -> Iterator[Expected]:
        """Register for decisions before their events are sent; leaving the block forgets them."""
        loop = asyncio.get_running_loop()
        futures: dict[str, asyncio.Future[bytes]] = {event_id: loop.create_future() for event_id in event_ids}
        for event_id, future in futures.items():
            self._waiting.setdefault(event_id, []).append(future)
        try:
            yield Expected(self, futures)
        finally:
            for event_id, future in futures.items():
                future.cancel()
                waiting = self._waiting[event_id]
                waiting.remove(future)
                if not waiting:
                    del self._waiting[event_id]

    def _arrived(self, event_id: str, decision: bytes) -> None:
        for future in self._waiting.get(event_id, ()):
            if not future.done():
                future.set_result(decision)

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


def _report(listener: asyncio.Task[None]) -> None:
    error = None if listener.cancelled() else listener.exception()
    if error is not None:
        _log.error("the subscription to decisions ended: %s", type(error).__name__)


class Expected:
    """Decisions somebody waits for."""

    def __init__(self, replies: Replies, futures: dict[str, asyncio.Future[bytes]]) -> None:
        self._replies = replies
        self._futures = futures

    async def within(self, timeout_s: float, event_ids: Sequence[str]) -> dict[str, bytes]:
        """Those of the decisions that came in time, by event id; an empty or partial answer is not an error."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + timeout_s
        wanted = {event_id: self._futures[event_id] for event_id in event_ids}
        for pause_s in (*_LOOK_AFTER_S, timeout_s):
            left_s = deadline - loop.time()
            pending = [future for future in wanted.values() if not future.done()]
            if not pending or left_s <= 0:
                break
            await asyncio.wait(pending, timeout=min(pause_s, left_s))
            await self._look([event_id for event_id, future in wanted.items() if not future.done()])
        return {event_id: future.result() for event_id, future in wanted.items() if future.done()}

    async def _look(self, event_ids: Sequence[str]) -> None:
        if not event_ids:
            return
        try:
            found = await self._replies.kept(event_ids)
        except Unavailable:
            return  # the answer is then "not yet", with the address to ask at
        for event_id, decision in found.items():
            future = self._futures[event_id]
            if not future.done():
                future.set_result(decision)
