"""One request to a help desk, and what its failure means for the next try."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any, TypeVar

import httpcore
from msgspec import DecodeError, Struct, ValidationError, json

WITHIN_S = 20.0
#: The longest answer that is read.
_MOST_BYTES = 4_194_304
_TIMEOUTS = {"connect": 5.0, "read": WITHIN_S, "write": WITHIN_S, "pool": WITHIN_S}
_LONGEST_WAIT_S = 86_400.0
#: Of statuses below 500, those that time or an operator can mend.
_NOT_NOW = frozenset({408, 425, 429})
_NOT_ALLOWED = frozenset({401, 403, 407})
_HEADERS: dict[bytes | str, bytes | str] = {"user-agent": "PayGuard-Connect/1", "accept": "application/json"}
T = TypeVar("T")


class Away(Exception):
    """The help desk did not answer, or not now, or does not let us in; what was asked may have been done all the same."""

    def __init__(self, reason: str, wait_s: float = 0.0) -> None:
        super().__init__(reason)
        self.reason = reason
        self.wait_s = wait_s


class Refused(Exception):
    """The help desk will not do this; `gone` when there is no such ticket any more. A status of 0: it did, or did not, but its
    answer is not as its documentation has it."""

    def __init__(self, status: int) -> None:
        super().__init__(
            f"it answered {status}" if status else "it answered, but not as its documentation has it"
        )
        self.status = status

    @property
    def gone(self) -> bool:
        """Whether what was spoken of is no longer there."""
        return self.status in (404, 410)


class Caller(Struct, frozen=True):
    """Requests under one address, with the headers that sign us in. `pool` bounds where they may go."""

    pool: httpcore.AsyncConnectionPool
    url: str
    headers: Mapping[str, str]

    async def ask(self, kind: type[T], method: str, path: str, body: Any = None) -> T:
        """What it answers, decoded from JSON as `kind`. Raises Away and Refused. Redirects are not followed."""
        said = await self.tell(method, path, body)
        try:
            return json.decode(said, type=kind)
        except (DecodeError, ValidationError):
            raise Refused(0) from None

    async def tell(self, method: str, path: str, body: Any = None) -> bytes:
        """The same where the answer need not be JSON."""
        content = b"" if body is None else body if isinstance(body, bytes) else json.encode(body)
        headers: dict[bytes | str, bytes | str] = {**_HEADERS}
        headers.update(self.headers)
        if body is not None:
            headers["content-type"] = "application/json"
        try:
            async with (
                asyncio.timeout(WITHIN_S),
                self.pool.stream(
                    method,
                    f"{self.url}{path}",
                    headers=headers,
                    content=content,
                    extensions={"timeout": _TIMEOUTS},
                ) as answer,
            ):
                said = await _read(answer)
        except (httpcore.TimeoutException, TimeoutError):
            raise Away("slow") from None
        except (
            httpcore.NetworkError,
            httpcore.ProtocolError,
            httpcore.UnsupportedProtocol,
            OSError,
        ) as error:
            raise Away(type(error).__name__[:64]) from None
        _judge(answer)
        return said


async def _read(answer: httpcore.Response) -> bytes:
    read = b""
    async for chunk in answer.aiter_stream():
        read += chunk
        if len(read) > _MOST_BYTES:
            raise Away("too_long")
    return read


def _judge(answer: httpcore.Response) -> None:
    status = answer.status
    if 200 <= status < 300:
        return
    if status in _NOT_ALLOWED:
        raise Away("not_allowed")
    if status >= 500 or status in _NOT_NOW:
        raise Away(f"status_{status}", _retry_after(answer))
    if status < 400:
        raise Away("redirected")
    raise Refused(status)


def _retry_after(answer: httpcore.Response) -> float:
    for name, value in answer.headers:
        if name.lower() == b"retry-after" and value.isdigit() and len(value) < 7:
            return min(float(value), _LONGEST_WAIT_S)
    return 0.0
