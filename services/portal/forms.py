"""Forms of pages: small and url-encoded."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple
from urllib.parse import parse_qsl

from starlette.requests import Request

from contracts.errors import Malformed


class Limits(NamedTuple):
    """How large a form may be, and how many fields it may have."""

    body_bytes: int = 4096
    fields: int = 8


async def read_form(request: Request, limits: Limits | None = None) -> Mapping[str, str]:
    """The fields of a form, reading no further than one can be. Raises Malformed, quoting nothing of it."""
    pairs = await read_pairs(request, limits)
    fields = dict(pairs)
    if len(fields) != len(pairs):
        raise Malformed("form", "a field stands twice")
    return fields


async def read_pairs(request: Request, limits: Limits | None = None) -> list[tuple[str, str]]:
    """The same of a form in which a field may stand more than once, as ticked boxes do."""
    most, body = limits or Limits(), b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > most.body_bytes:
            raise Malformed("form", "the form is too large")
    try:
        return parse_qsl(
            body.decode("ascii"),
            keep_blank_values=True,
            strict_parsing=bool(body),
            max_num_fields=most.fields,
        )
    except ValueError:
        raise Malformed("form", "the form is not url-encoded") from None
