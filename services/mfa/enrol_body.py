"""The body that starts an enrolment: `{"proved_at": 1790000000000, "code"?: ..., "ip"?: ..., "device_id"?: ...}`."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from contracts.errors import Malformed
from services.mfa.body import context_in, fields_in
from services.mfa.http import CODE, WHOM, json_body
from services.mfa.proved import PROVED_AT, ApiWarning, proved_seconds, warnings_about
from services.mfa.records import Context
from services.mfa.typed_code import code_in

_NAMES = frozenset({"proved_at", "code", "ip", "device_id"})
_WANTED = (
    'the body must be {"proved_at": 1790000000000}: when the user last proved the password, in epoch milliseconds or as '
    "RFC 3339 text with an offset; beside it at "
    "most code, six digits or a recovery code, ip, an address, and device_id, 1 to 128 characters"
)
#: For the decorator of a route that starts an enrolment.
ENROL_BODY = json_body(
    "proved_at",
    {
        "proved_at": PROVED_AT,
        "code": CODE,
        **WHOM,
    },
)


@dataclass(frozen=True)
class Application:
    """What a body asks for; `proved_at` is in epoch seconds, and None when it is malformed. Its text form shows no code."""

    proved_at: float | None
    code: str | None
    context: Context
    warnings: list[ApiWarning] = field(default_factory=list)

    def __repr__(self) -> str:
        return "Application(...)"


def malformed() -> Malformed:
    """The one answer to every malformed body; it quotes nothing."""
    return Malformed("enrolment_form", _WANTED)


def application_in(body: bytes) -> Application:
    """What the body asks for. A malformed one still says where it came from, if that can be read."""
    fields = fields_in(body)
    context, said = context_in(fields)
    code = code_in(fields.get("code"))
    proved_at: Any = fields.get("proved_at")
    right = said and fields.keys() <= _NAMES and ("code" not in fields or code is not None)
    try:
        at = proved_seconds(proved_at) if right else None
    except ValueError:
        at = None
    if at is None:
        return Application(None, None, context)
    return Application(at, code, context, warnings_about(proved_at))
