"""The body that starts an enrolment: `{"proved_at": 1790000000, "code"?: ..., "ip"?: ..., "device_id"?: ...}`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from contracts.errors import Malformed
from services.challenges.body import context_in, fields_in
from services.challenges.http import CODE, WHOM, json_body
from services.challenges.records import Context
from services.challenges.typed_code import code_in

_NAMES = frozenset({"proved_at", "code", "ip", "device_id"})
#: The end of the year 9999.
_LATEST_S = 253_402_300_799
_WANTED = (
    'the body must be {"proved_at": 1790000000}: when the user last proved the password, in epoch seconds; beside it at '
    "most code, six digits or a recovery code, ip, an address, and device_id, 1 to 128 characters"
)
#: For the decorator of a route that starts an enrolment.
ENROL_BODY = json_body(
    "proved_at",
    {
        "proved_at": {
            "type": "number",
            "minimum": 0,
            "maximum": _LATEST_S,
            "description": "When the user last proved the password, in epoch seconds.",
        },
        "code": CODE,
        **WHOM,
    },
)


@dataclass(frozen=True)
class Application:
    """What a body asks for; `proved_at` is None when it is malformed. Its text form shows no code."""

    proved_at: float | None
    code: str | None
    context: Context

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
    if not right or not _is_time(proved_at):
        return Application(None, None, context)
    return Application(float(proved_at), code, context)


def _is_time(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= _LATEST_S
