"""`proved_at`, when the wallet last proved the password: milliseconds or RFC 3339, as every time; seconds as it once was."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from pydantic import BaseModel

from contracts.event_times import BEYOND_MS, FIRST_MS, epoch_seconds

_IN_SECONDS = (
    "proved_at was read as seconds, as it once was: send epoch milliseconds such as 1790000000000, or RFC 3339 text such as "
    "2026-09-21T14:13:20Z"
)
#: What the API's document says of it.
PROVED_AT: dict[str, Any] = {
    "anyOf": [
        {"type": "number", "minimum": 0, "exclusiveMaximum": BEYOND_MS},
        {"type": "string", "format": "date-time"},
    ],
    "description": "When the user last proved the password: epoch milliseconds, or RFC 3339 with an offset. A number below "
    "100000000000 is read as seconds, and the answer warns of it.",
}


class ApiWarning(BaseModel):
    """Something that was read otherwise than it should be written: a stable code, the field, and a sentence."""

    code: str
    field: str
    detail: str


def proved_seconds(given: Any) -> float:
    """Epoch seconds of a `proved_at` in any of its forms. Raises ValueError for anything else."""
    if isinstance(given, str):
        return epoch_seconds(datetime.fromisoformat(given), "proved_at")
    if not isinstance(given, int | float) or isinstance(given, bool) or not 0 <= given < BEYOND_MS:
        raise ValueError("proved_at must be epoch milliseconds, or RFC 3339 text with an offset")
    return float(given) if given < FIRST_MS else given / 1000.0


def warnings_about(given: Any) -> list[ApiWarning]:
    """Whether a `proved_at` was given in seconds."""
    if isinstance(given, int | float) and given < FIRST_MS:
        return [ApiWarning(code="time_in_seconds", field="proved_at", detail=_IN_SECONDS)]
    return []
