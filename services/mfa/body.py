"""The one body that every endpoint for a code reads: `{"code": "123456", "ip"?: ..., "device_id"?: ...}`, nothing else."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import Any

from contracts.errors import Malformed
from services.memory.pseudonyms import network_prefix
from services.mfa.records import Context
from services.mfa.typed_code import code_in

MAX_BODY_BYTES = 2048
MAX_DEVICE_ID = 128
#: Longer than any address: an IPv4 one inside an IPv6 one.
_MAX_IP = 45
_NAMES = frozenset({"code", "ip", "device_id"})
_WANTED = (
    'the body must be {"code": "123456"}: one JSON string of six digits or a recovery code; '
    "beside it at most ip, an address, and device_id, 1 to 128 characters"
)


@dataclass(frozen=True)
class Submission:
    """What a body offers: the code, None when the body is malformed, and from whom. Its text form shows neither."""

    code: str | None
    context: Context

    def __repr__(self) -> str:
        return "Submission(...)"


def malformed() -> Malformed:
    """The one answer to every malformed body; it quotes nothing."""
    return Malformed("code_form", _WANTED)


def submission_in(body: bytes) -> Submission:
    """What the body offers. A malformed one still says where it came from, if that can be read."""
    fields = fields_in(body)
    context, said = context_in(fields)
    right = said and fields.keys() <= _NAMES
    return Submission(code_in(fields.get("code")) if right else None, context)


def fields_in(body: bytes) -> dict[str, Any]:
    """The JSON object in the body; empty when it is none, or names a field twice."""
    if len(body) > MAX_BODY_BYTES:
        return {}
    try:
        parsed = json.loads(body.decode("utf-8"), object_pairs_hook=_without_repeats)
    except (ValueError, RecursionError):
        return {}
    return parsed if isinstance(parsed, dict) else {}


def context_in(fields: Mapping[str, Any]) -> tuple[Context, bool]:
    """Whom the fields say the body comes from, as far as it can be read, and whether all of that could be."""
    ip, device_id = fields.get("ip"), fields.get("device_id")
    context = Context(
        ip=ip if _is_address(ip) else None, device_id=device_id if _is_device(device_id) else None
    )
    return context, context.ip == ip and context.device_id == device_id


async def read_submission(stream: AsyncIterator[bytes]) -> Submission:
    """What a request's stream offers, reading no further than a body can be."""
    return submission_in(await read_body(stream))


async def read_body(stream: AsyncIterator[bytes]) -> bytes:
    """The body, cut off where it is longer than it can be."""
    body = b""
    async for chunk in stream:
        body += chunk
        if len(body) > MAX_BODY_BYTES:
            break
    return body


def _is_address(value: Any) -> bool:
    return isinstance(value, str) and len(value) <= _MAX_IP and network_prefix(value) is not None


def _is_device(value: Any) -> bool:
    return isinstance(value, str) and 0 < len(value) <= MAX_DEVICE_ID and _is_text(value)


def _is_text(value: str) -> bool:
    """Neither a NUL, which no database takes, nor half a surrogate pair, which is no character."""
    return "\x00" not in value and not any("\ud800" <= character <= "\udfff" for character in value)


def _without_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len({name for name, _ in pairs}) != len(pairs):
        raise ValueError("a key stands twice")
    return dict(pairs)
