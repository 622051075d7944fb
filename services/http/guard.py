"""In front of every route: the client's address, the key, and how large a body may be, before anything is parsed.

What is refused here costs little: no body is read for a request under /v1 without a key, webhooks of help desks apart, and a
small body is read whole, within a time, before its route runs. Events and uploads are read by their own routes, which bound all
such bodies together.

Whatever is refused under /my or /desk, here or behind, is a page: a person is looking at it.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping

from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from contracts.errors import Unavailable
from services.http.api_keys import known_key
from services.http.client_address import TrustedProxies
from services.http.problems import Problem, ProblemPage, answer_to, as_problem, request_id_of
from services.http.uploads import upload_bytes

API, PAGES, DESK = "/v1/", "/my/", "/desk/"
#: Routes of the API whose requests bear a signature of their own instead of a key, which the route judges.
SIGNED = "/v1/connect/"
EVENTS = "/v1/events"
#: The longest note of a case, with every character escaped, fits: of the API and of the desk.
MAX_BODY_BYTES = 65_536
MAX_FORM_BYTES = 8_192
#: A long note of a help desk, with all that it says of ticket and people.
MAX_SIGNED_BYTES = 262_144
READ_WITHIN_S = 20.0
_WITHOUT_BODY = frozenset({"GET", "HEAD", "OPTIONS"})
_CLOSE = {"Connection": "close"}
_log = logging.getLogger(__name__)


class ClientGone(Exception):
    """The client hung up while its body was read."""


class Guard:
    """ASGI middleware; `read_within_s` bounds the reading of one body, `problem_pages` show people what was refused below each
    prefix."""

    def __init__(
        self,
        app: ASGIApp,
        proxies: TrustedProxies,
        max_event_body_bytes: int,
        problem_pages: Mapping[str, ProblemPage],
        read_within_s: float = READ_WITHIN_S,
    ) -> None:
        self._app = app
        self._proxies = proxies
        self._max_event_body_bytes = max_event_body_bytes
        self._problem_pages = problem_pages
        self._read_within_s = read_within_s

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request in, or answer why not."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        self._name_client(scope)
        scope["path"] = scope["raw_path"].decode("ascii") if scope.get("raw_path") else scope["path"]
        for prefix, problem_page in self._problem_pages.items():
            if f"{scope['path']}/".startswith(prefix):
                scope["problem_page"] = problem_page
        try:
            receive = await self._admitted(scope, receive)
        except ClientGone:
            _log.debug("a client hung up before its request was whole: %s", scope["request_id"])
            return
        except (Problem, Unavailable) as error:
            problem = as_problem(error)
            problem.headers.update(_CLOSE)
            answer = answer_to(Request(scope), problem)
            await answer(scope, receive, send)
            return
        await self._app(scope, receive, send)

    def _name_client(self, scope: Scope) -> None:
        if scope.get("client") is not None:
            peer, port = scope["client"]
            said = [value for name, value in scope["headers"] if name == b"x-forwarded-for"]
            scope["client"] = (self._proxies.client_of(peer, said), port)

    async def _admitted(self, scope: Scope, receive: Receive) -> Receive:
        """What the route reads its body from. Raises Problem, Unavailable or ClientGone."""
        path: str = scope["path"]
        most = self._most_bytes(path)
        claimed = Headers(scope=scope).get("content-length", "")
        if claimed and (not claimed.isdecimal() or len(claimed) > 18 or int(claimed) > most):
            raise too_large(most)
        if path.startswith(API) and not path.startswith(SIGNED):
            await known_key(Request(scope))
        if scope["method"] in _WITHOUT_BODY or path == EVENTS or upload_bytes(path) is not None:
            return receive
        return _replayed(await self._read(receive, most), receive)

    def _most_bytes(self, path: str) -> int:
        if path == EVENTS:
            return self._max_event_body_bytes
        if (most := upload_bytes(path)) is not None:
            return most
        if path.startswith(SIGNED):
            return MAX_SIGNED_BYTES
        return MAX_FORM_BYTES if path.startswith(PAGES) else MAX_BODY_BYTES

    async def _read(self, receive: Receive, most: int) -> bytes:
        chunks: list[bytes] = []
        size = 0
        try:
            async with asyncio.timeout(self._read_within_s):
                while True:
                    message = await receive()
                    if message["type"] == "http.disconnect":
                        raise ClientGone
                    chunk = message.get("body", b"")
                    size += len(chunk)
                    if size > most:
                        raise too_large(most)
                    chunks.append(chunk)
                    if not message.get("more_body", False):
                        return b"".join(chunks)
        except TimeoutError:
            detail = f"the body did not arrive in {self._read_within_s:.0f} s"
            raise Problem(408, "too_slow", detail) from None


def too_large(most: int) -> Problem:
    """The answer to a body that is larger than its route takes."""
    return Problem(413, "too_large", f"a body has at most {most} bytes", _CLOSE)


def _replayed(body: bytes, receive: Receive) -> Receive:
    """A channel that gives the body that was read, once, and then what else there is."""
    given = False

    async def again() -> Message:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return again


async def gone(_request: Request, _error: Exception) -> Response:
    """The answer to a client that hung up while its route read: nobody gets it; 499 is what proxies count it as."""
    _log.debug("a client hung up before its request was whole: %s", request_id_of(_request))
    return Response(status_code=499)
