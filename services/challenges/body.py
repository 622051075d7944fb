"""The one body our code endpoints read: `{"code": "123456"}`, and nothing else."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

from contracts.errors import Malformed
from services.challenges.totp import is_code

MAX_BODY_BYTES = 256
_WANTED = 'the body must be {"code": "123456"}: one JSON string of six ASCII digits, and nothing else'


def code_in(body: bytes) -> str:
    """The code in a request's body. Raises Malformed, quoting nothing of it, for any other shape."""
    if len(body) > MAX_BODY_BYTES:
        raise Malformed("code_form", _WANTED)
    try:
        parsed = json.loads(body.decode("utf-8"), object_pairs_hook=_without_repeats)
    except (ValueError, RecursionError):
        raise Malformed("code_form", _WANTED) from None
    if not isinstance(parsed, dict) or parsed.keys() != {"code"} or not is_code(parsed["code"]):
        raise Malformed("code_form", _WANTED)
    code: str = parsed["code"]
    return code


async def read_code(stream: AsyncIterator[bytes]) -> str:
    """The code in a request's stream, reading no further than a body can be. Raises Malformed."""
    body = b""
    async for chunk in stream:
        body += chunk
        if len(body) > MAX_BODY_BYTES:
            raise Malformed("code_form", _WANTED)
    return code_in(body)


def _without_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len({name for name, _ in pairs}) != len(pairs):
        raise ValueError("a key stands twice")
    return dict(pairs)
