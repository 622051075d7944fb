"""The formats in which events arrive over HTTP: a row for each. To add one, such as another system's, see docs/extend.md."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import msgspec
from msgspec import Raw

from contracts.errors import Malformed
from services.events.decode import without_mark

#: Events of one body at most.
MAX_EVENTS = 1_000
_ARRAY = msgspec.json.Decoder(list[Raw])
_WHITE = b" \t\r\n"
_EVENT = {"$ref": "#/components/schemas/Event"}


class Adapter(NamedTuple):
    """One format, by its media type.

    `events` cuts a body into single events, each as PayGuard's own JSON, valid or not; it raises Malformed for a body that
    cannot be cut. Pure. `schema` is what the OpenAPI document says of the body.
    """

    media_type: str
    events: Callable[[bytes], list[bytes]]
    schema: dict[str, Any]


def _values(body: bytes) -> list[bytes]:
    stripped = without_mark(body).strip(_WHITE)
    if not stripped.startswith(b"["):
        return [stripped] if stripped else []
    try:
        return [bytes(raw) for raw in _ARRAY.decode(stripped)]
    except RecursionError:
        raise Malformed("too_deep", "JSON is nested too deeply") from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise Malformed("invalid_json", str(error)) from None


def _lines(body: bytes) -> list[bytes]:
    return [line for line in (raw.strip(_WHITE) for raw in without_mark(body).split(b"\n")) if line]


#: An array is cut by its JSON, so one that breaks off or nests too deeply is refused whole; of lines each stands alone.
JSON = Adapter(
    "application/json",
    _values,
    {"oneOf": [_EVENT, {"type": "array", "minItems": 1, "maxItems": MAX_EVENTS, "items": _EVENT}]},
)
LINES = Adapter(
    "application/x-ndjson",
    _lines,
    {"type": "string", "description": "One event a line; each line stands alone."},
)
ADAPTERS = (JSON, LINES)
BY_MEDIA_TYPE = {adapter.media_type: adapter for adapter in ADAPTERS}
