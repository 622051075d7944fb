"""The body of an unlocking: a code, or none, and when the password was proved."""

from __future__ import annotations

from dataclasses import dataclass

from starlette.requests import Request

from contracts.errors import Malformed
from services.mfa.body import context_in, fields_in, read_body
from services.mfa.http import CODE, WHOM, count_malformed
from services.mfa.proved import PROVED_AT, proved_seconds
from services.mfa.records import Context
from services.mfa.typed_code import code_in

_NAMES = frozenset({"code", "proved_at", "ip", "device_id"})
_WANTED = (
    "the body must be a JSON object with at most code, a string of six digits or a recovery code, proved_at, a time, "
    "ip, an address, and device_id, 1 to 128 characters"
)
_PROPERTIES = {"code": CODE, "proved_at": PROVED_AT, **WHOM}
UNLOCK_BODY = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {
                "schema": {"type": "object", "additionalProperties": False, "properties": _PROPERTIES}
            }
        },
    }
}


@dataclass(frozen=True)
class Unlocking:
    """What is offered, and by whom. Its text form shows neither."""

    code: str | None
    proved_at: float | None
    context: Context

    def __repr__(self) -> str:
        return "Unlocking(...)"


async def read_unlocking(request: Request) -> Unlocking:
    """The offer of the request. Raises Malformed; a malformed code costs its network as everywhere."""
    body = await read_body(request.stream())
    fields = fields_in(body)
    context, said = context_in(fields)
    if not said or not fields.keys() <= _NAMES or (not fields and body.strip() != b"{}"):
        raise Malformed("unlock_form", _WANTED)
    code = None
    if "code" in fields and (code := code_in(fields["code"])) is None:
        await count_malformed(request, context)
        raise Malformed("unlock_form", _WANTED)
    try:
        proved_at = proved_seconds(fields["proved_at"]) if "proved_at" in fields else None
    except ValueError:
        raise Malformed("unlock_form", _WANTED) from None
    return Unlocking(code, proved_at, context)
