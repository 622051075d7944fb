"""HTTP/1.1 of uvicorn's httptools protocol, with the limits that it lacks: on headers, on waiting, on connections."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Any

import httptools
from uvicorn.config import Config
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol
from uvicorn.server import ServerState

from services.http.connections import Connections, Reason

#: Of the request line and all headers together; proxies forward no more than 8 to 32 kB.
MAX_HEADER_BYTES = 16_384
MAX_HEADERS = 64
#: What is read and thrown away after an answer that came before the end of its request, so that the client can read it.
_MOST_DISCARDED_BYTES = 4_000_000
#: Idle connections and those that are being ended get none.
_CUT_STATUS: dict[Reason, int] = {"headers": 408, "body": 408}
_log = logging.getLogger(__name__)


class _HeadersTooLarge(Exception):
    pass


class GuardedProtocol(HttpToolsProtocol):
    """One connection. Waits for its client only as long as `Connections` lets it."""

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
        *,
        connections: Connections,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self._room = connections
        self._entered = False
        self._in_headers = False
        self._in_body = False
        self._header_bytes = 0
        self._counted = 0
        self._discarded: int | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Take the connection if there is room."""
        self._patient = _Patient(transport, self._leave)
        super().connection_made(self._patient)  # type: ignore[arg-type]
        self._entered = True
        if not self._room.entered(self):
            transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        """Give its place back."""
        if self._entered:
            self._entered = False
            self._room.left(self)
        if self.cycle is not None and not self.cycle.response_complete:
            _log.debug("a client hung up before its answer")
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Parse what came; what follows an answer that ended the connection is thrown away."""
        if self._discarded is not None:
            self._discarded += len(data)
            if self._discarded > _MOST_DISCARDED_BYTES:
                self.transport.abort()
            return
        before_body = not self._in_body
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            return  # answered as the plain request that it is too
        except httptools.HttpParserError as error:
            self._refuse(431 if isinstance(error.__context__, _HeadersTooLarge) else 400)
            return
        if self._in_headers and before_body:
            # A header that has not ended is not among those counted one by one.
            self._header_bytes += len(data)
            if self._header_bytes > MAX_HEADER_BYTES:
                self._refuse(431)

    def on_message_begin(self) -> None:
        """A request begins: its headers are awaited from here on."""
        super().on_message_begin()
        self._in_headers, self._in_body = True, False
        self._header_bytes = 0
        self._counted = 0
        if self.cycle is None or self.cycle.response_complete:
            self._room.waits(self, "headers")

    def on_url(self, url: bytes) -> None:
        """A part of the request line."""
        super().on_url(url)
        self._count(len(url))

    def on_header(self, name: bytes, value: bytes) -> None:
        """A whole header."""
        super().on_header(name, value)
        self._count(len(name) + len(value))
        if len(self.headers) > MAX_HEADERS:
            raise _HeadersTooLarge

    def on_headers_complete(self) -> None:
        """The body is awaited from here on."""
        self._in_headers, self._in_body = False, True
        self._room.waits(self, "body")
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        """The client owes nothing more."""
        self._in_body = False
        super().on_message_complete()
        if self.cycle.response_complete:
            self._room.waits(self, "idle")
        else:
            self._room.works(self)

    def on_response_complete(self) -> None:
        """Go on with what is waiting; end a connection whose client goes on sending what nobody reads."""
        self.server_state.total_requests += 1
        if self.transport.is_closing():
            return
        self.flow.resume_reading()
        if self.pipeline:
            self._start_asgi_task(*self.pipeline.pop())
        elif self._in_body:
            self.transport.close()
        else:
            # The sweep ends idle connections: one timer for all of them.
            self._room.waits(self, "headers" if self._in_headers else "idle")

    def shutdown(self) -> None:
        """The server ends: a request in hand is answered first, and nothing else is waited for."""
        if self.cycle is None or self.cycle.response_complete:
            self._patient.finish()
        else:
            self.cycle.keep_alive = False

    def cut(self, reason: Reason) -> None:
        """End the connection, with a word where its client may still read one."""
        status = _CUT_STATUS.get(reason)
        if status is None:
            self._patient.abort()
        elif self._in_headers or (self._in_body and not self.cycle.response_started):
            self._refuse(status)
        else:
            self._patient.finish()

    def _count(self, size: int) -> None:
        self._counted += size
        if self._counted > MAX_HEADER_BYTES:
            raise _HeadersTooLarge

    def _refuse(self, status: int) -> None:
        """Answer in one line, and end the connection. The request's own task learns that its client is gone."""
        if self.cycle is not None and not self.cycle.response_complete:
            self.cycle.disconnected = True
            self.cycle.message_event.set()
        if not self.transport.is_closing():
            head = b"connection: close\r\ncontent-length: 0\r\n\r\n"
            self.transport.write(STATUS_LINE[status] + head)
        self._patient.finish()

    def _leave(self) -> bool:
        """Whether to end gently: the client is still sending, and would lose the answer if the connection broke."""
        if not (self._in_body or self._in_headers) or self._discarded is not None:
            return False
        self._discarded = 0
        self._room.waits(self, "closing")
        return True


class _Patient:
    """A transport that, asked to close while its client still sends, ends its own side only and lets the client finish."""

    def __init__(self, transport: asyncio.Transport, leave: Callable[[], bool]) -> None:
        self._transport = transport
        self._leave = leave
        self._left = False
        self.write = transport.write

    def close(self) -> None:
        """See the class."""
        if not self._transport.is_closing() and not self._left and self._leave():
            self._left = True
            self._transport.resume_reading()
            if self._transport.can_write_eof():
                self._transport.write_eof()
            return
        if not self._left:
            self._transport.close()

    def finish(self) -> None:
        """Close without waiting for the client."""
        self._transport.close()

    def abort(self) -> None:
        """Break the connection off."""
        self._transport.abort()

    def is_closing(self) -> bool:
        """Whether nothing more may be written."""
        return self._left or self._transport.is_closing()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)
