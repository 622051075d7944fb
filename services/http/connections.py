"""Every open connection of the API, by what it waits for: so that those which never come to a request cannot fill it.

A connection is unfinished while it waits for a request (`idle`), for the rest of its headers, or for the rest of a body.
Each of these lasts so long at most; and when there are as many connections as there may be, the unfinished one that
has waited longest is cut for the new one. A request that was read whole is never cut.
"""

from __future__ import annotations

import asyncio
import resource
from collections.abc import Callable
from typing import Literal, Protocol

from msgspec import Struct

from services.platform.metrics import HTTP_CONNECTIONS, HTTP_CONNECTIONS_CUT

Waiting = Literal["headers", "body", "idle", "closing"]
Reason = Literal["headers", "body", "idle", "closing", "crowded", "refused"]

#: Left for the stores, files and whatever else the process opens.
RESERVED_DESCRIPTORS = 256
_MOST_DESCRIPTORS = 65_536
_SWEEP_S = 0.5
#: Whom to cut first where there are too many: they have shown least.
_FIRST_CUT: tuple[Waiting, ...] = ("closing", "headers", "idle", "body")


class Patience(Struct, frozen=True):
    """How long a connection may wait for each thing, in seconds, and how many connections there may be."""

    headers: float = 10.0
    body: float = 20.0
    idle: float = 75.0
    closing: float = 5.0
    connections: int = 2_000


class Connection(Protocol):
    """What can be cut."""

    def cut(self, reason: Reason) -> None:
        """End it now."""
        ...


class Connections:
    """Knows what each connection waits for. `clock` is the loop's time in seconds."""

    def __init__(self, patience: Patience, clock: Callable[[], float] | None = None) -> None:
        self.patience = patience
        self.open = 0
        self._clock = clock
        self._limits = {name: getattr(patience, name) for name in _FIRST_CUT}
        # Each in the order in which they began to wait.
        self._waiting: dict[Waiting, dict[Connection, float]] = {name: {} for name in _FIRST_CUT}
        self._sweeping: asyncio.TimerHandle | None = None

    def entered(self, connection: Connection) -> bool:
        """Count a new connection, which waits for headers; False when there is no room and nobody to cut for it."""
        self.open += 1
        HTTP_CONNECTIONS.set(self.open)
        if self._sweeping is None:
            self._sweep()
        if self.open > self.patience.connections and not self._cut_longest():
            HTTP_CONNECTIONS_CUT.labels("refused").inc()
            return False
        self.waits(connection, "headers")
        return True

    def left(self, connection: Connection) -> None:
        """A connection is gone."""
        self.open -= 1
        HTTP_CONNECTIONS.set(self.open)
        self.works(connection)

    def waits(self, connection: Connection, what: Waiting) -> None:
        """From now on it waits for this."""
        self.works(connection)
        self._waiting[what][connection] = self._now()

    def works(self, connection: Connection) -> None:
        """It waits for nothing that its client owes."""
        for each in self._waiting.values():
            each.pop(connection, None)

    def sweep(self) -> None:
        """Cut what has waited too long."""
        now = self._now()
        for what, connections in self._waiting.items():
            limit_s = self._limits[what]
            late = []
            for connection, since in connections.items():
                if now - since < limit_s:
                    break
                late.append(connection)
            for connection in late:
                self._cut(connection, what)

    def _sweep(self) -> None:
        self.sweep()
        self._sweeping = asyncio.get_running_loop().call_later(_SWEEP_S, self._sweep) if self.open else None

    def _cut_longest(self) -> bool:
        for what in _FIRST_CUT:
            for connection in self._waiting[what]:
                self._cut(connection, "crowded")
                return True
        return False

    def _cut(self, connection: Connection, reason: Reason) -> None:
        self.works(connection)
        HTTP_CONNECTIONS_CUT.labels(reason).inc()
        connection.cut(reason)

    def _now(self) -> float:
        return asyncio.get_running_loop().time() if self._clock is None else self._clock()


def most_connections(wanted: int) -> int:
    """Raise the soft limit of descriptors as far as allowed; how many of the wanted connections that leaves room for."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    allowed = _MOST_DESCRIPTORS if hard == resource.RLIM_INFINITY else min(hard, _MOST_DESCRIPTORS)
    if soft != resource.RLIM_INFINITY and soft < allowed:
        resource.setrlimit(resource.RLIMIT_NOFILE, (allowed, hard))
        soft = allowed
    room = wanted if soft == resource.RLIM_INFINITY else soft - RESERVED_DESCRIPTORS
    return max(1, min(wanted, room))
