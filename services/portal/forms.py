"""Forms of pages: small, url-encoded, each field once."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import parse_qsl

from starlette.requests import Request

from contracts.errors import Malformed

MAX_BODY_BYTES = 4096
_MAX_FIELDS = 8


async def read_form(request: Request) -> Mapping[str, str]:
    """The fields of a form, reading no further than one can be. Raises Malformed, quoting nothing of it."""
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAX_BODY_BYTES:
            raise Malformed("form", "the form is too large")
    try:
        pairs = parse_qsl(
            body.decode("ascii"),
            keep_blank_values=True,
            strict_parsing=bool(body),
            max_num_fields=_MAX_FIELDS,
        )
    except ValueError:
        raise Malformed("form", "the form is not url-encoded") from None
    fields = dict(pairs)
    if len(fields) != len(pairs):
        raise Malformed("form", "a field stands twice")
    return fields
