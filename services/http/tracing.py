"""Every request has an id, is counted and timed, and leaves one line in the log."""

from __future__ import annotations

import logging
import re
import secrets
import time
from collections.abc import Mapping
from typing import Any, cast

from prometheus_client import Histogram
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from services.http.streams import is_stream
from services.platform.metrics import HTTP_REQUESTS

_REQUEST_ID = re.compile(rb"[A-Za-z0-9._-]{1,64}")
_log = logging.getLogger(__name__)


class Traced:
    """Gives every request an id, counts and times it by route template, and logs one line that names no one."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._timers: dict[tuple[str, int], Histogram] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        scope["request_id"] = request_id = _request_id(scope)
        started = answered = time.perf_counter()
        status = 500

        async def answer(message: Message) -> None:
            nonlocal status, answered
            if message["type"] == "http.response.start":
                status, answered = message["status"], time.perf_counter()
                message["headers"] = [*message.get("headers", ()), (b"x-request-id", request_id.encode())]
            await send(message)

        try:
            await self._app(scope, receive, answer)
        finally:
            took_s = (answered if is_stream(scope) else time.perf_counter()) - started
            route = _template(scope)
            self._timer(route, status).observe(took_s)
            _log.debug("%s %s %d %.1f ms %s", scope["method"], route, status, took_s * 1000, request_id)

    def _timer(self, route: str, status: int) -> Histogram:
        timer = self._timers.get((route, status))
        if timer is None:
            timer = self._timers[route, status] = HTTP_REQUESTS.labels(route, str(status))
        return timer


def _request_id(scope: Mapping[str, Any]) -> str:
    for name, value in scope["headers"]:
        if name == b"x-request-id" and _REQUEST_ID.fullmatch(value):
            return cast("bytes", value).decode()
    return secrets.token_hex(16)


def _template(scope: Mapping[str, Any]) -> str:
    """The route's path with its parameters unnamed; paths that match none count as one."""
    return str(getattr(scope.get("route"), "path_format", "unmatched"))
