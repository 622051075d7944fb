"""Bodies that hold files: larger than others, read by their own routes once these know who sends them."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from contextlib import aclosing, asynccontextmanager
from typing import NamedTuple

from starlette.datastructures import FormData, UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import Request

from contracts.errors import Malformed, Overloaded
from services.http.problems import Problem

#: One file, and five with the fields beside them.
MOST_FILE_BYTES = 10_000_000
MOST_FORM_BYTES = 52_000_000
#: All such bodies that are read at one time.
_MOST_TOGETHER_BYTES = 256_000_000
#: Five pictures over a slow phone.
_READ_WITHIN_S = 180.0
#: More files than are taken come as far as the page, which says so and keeps what was typed.
_MOST_FIELDS, _MOST_FILES = 16, 20
_MOST_FIELD_BYTES = 32_768
_FILE = re.compile(r"/v1/reports/[^/]+/files/[^/]+|/v1/cases/[^/]+/files")
_FORM = re.compile(r"/my/centre/(report/send|cases/[^/]+/(add|appeal))|/desk/cases/[^/]+/acts/file")


def upload_bytes(path: str) -> int | None:
    """How long a body may be that a route of uploads reads; None for any other route."""
    if _FILE.fullmatch(path):
        return MOST_FILE_BYTES
    return MOST_FORM_BYTES if _FORM.fullmatch(path) else None


class _InMemory(MultiPartParser):
    """Files stay in memory, where they are bounded: what owners send is not put on a disk unsealed."""

    spool_max_size = MOST_FORM_BYTES


class Form(NamedTuple):
    """A form with files: its fields, each once, and its files with the names that they came with."""

    fields: Mapping[str, str]
    files: Sequence[tuple[str, bytes]]


class Uploads:
    """Reads such bodies, all of them together within what memory bears, until whoever asked for one is done with it."""

    def __init__(self, most_together_bytes: int = _MOST_TOGETHER_BYTES) -> None:
        self._most_together_bytes = most_together_bytes
        self._together_bytes = 0

    @asynccontextmanager
    async def file(self, request: Request) -> AsyncIterator[bytes]:
        """One file. Raises Problem 408 and 413, Overloaded."""
        async with self._reading(request, MOST_FILE_BYTES) as chunks, _in_time():
            body = b"".join([chunk async for chunk in chunks])
        yield body

    @asynccontextmanager
    async def form(self, request: Request) -> AsyncIterator[Form]:
        """A form; an empty choice of a file, which browsers send all the same, is left out. Raises Malformed, and as `file`."""
        async with self._reading(request, MOST_FORM_BYTES) as chunks:
            async with _in_time():
                found = await _parsed(request, chunks)
            try:
                yield await _parts(found)
            finally:
                await found.close()

    @asynccontextmanager
    async def _reading(self, request: Request, most: int) -> AsyncIterator[AsyncGenerator[bytes, None]]:
        size = 0

        async def chunks() -> AsyncGenerator[bytes, None]:
            nonlocal size
            async for chunk in request.stream():
                size += len(chunk)
                self._together_bytes += len(chunk)
                if size > most:
                    raise Problem(413, "too_large", f"a body here has at most {most} bytes")
                if self._together_bytes > self._most_together_bytes:
                    raise Overloaded("too many files are being sent")
                yield chunk

        try:
            async with aclosing(chunks()) as read:
                yield read
        finally:
            self._together_bytes -= size


@asynccontextmanager
async def _in_time() -> AsyncIterator[None]:
    try:
        async with asyncio.timeout(_READ_WITHIN_S):
            yield
    except TimeoutError:
        detail = f"the body did not arrive in {_READ_WITHIN_S:.0f} s"
        raise Problem(408, "too_slow", detail) from None


async def _parsed(request: Request, chunks: AsyncGenerator[bytes, None]) -> FormData:
    bounds = {"max_files": _MOST_FILES, "max_fields": _MOST_FIELDS, "max_part_size": _MOST_FIELD_BYTES}
    if not request.headers.get("content-type", "").startswith("multipart/form-data"):
        raise _malformed()
    try:
        return await _InMemory(request.headers, chunks, **bounds).parse()
    except (MultiPartException, KeyError, UnicodeDecodeError):
        raise _malformed() from None


def _malformed() -> Malformed:
    return Malformed("form", "the form is not as this page sends it")


async def _parts(found: FormData) -> Form:
    fields: dict[str, str] = {}
    files: list[tuple[str, bytes]] = []
    for name, value in found.multi_items():
        if isinstance(value, UploadFile):
            body = await value.read()
            if body or value.filename:
                files.append((value.filename or "", body))
        elif name in fields:
            raise Malformed("form", "a field stands twice")
        else:
            fields[name] = value
    return Form(fields, files)
