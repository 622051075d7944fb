"""An example of every body and every answer in the OpenAPI document, made from its schema: none is missing, and none grows old.

A member is filled with what `example_values` has under its name, if its schema allows that, else with the plainest value that
the schema does allow.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from copy import deepcopy
from typing import Any

import msgspec

from services.api.example_values import ABSENT, ACCOUNT, DECISION, EVENTS, VALUES

_DEEPEST = 8
_TIME = "2026-09-17T08:30:00Z"
#: Of schemas whose examples are told as a whole.
_WHOLE: dict[str, Any] = {
    "Decision": DECISION,
    "Event": EVENTS["transaction"],
    "LinkWanted": {"account_id": ACCOUNT, "purpose": "enrol", "proved_at": _TIME, "locale": "zh-CN"},
    "Results": {
        "results": [
            {
                "index": 0,
                "event_id": EVENTS["transaction"]["event_id"],
                "status": "accepted",
                "decision": DECISION,
            }
        ]
    },
    "Rehearsals": {
        "results": [
            {
                "index": 0,
                "event_id": EVENTS["transaction"]["event_id"],
                "status": "valid",
                "type": "transaction",
                "event": EVENTS["transaction"],
            }
        ]
    },
}
_TYPES: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
    "object": (dict,),
    "array": (list,),
    "null": (type(None),),
}
_PLAIN: dict[str, Any] = {"string": "text", "boolean": True, "null": None, "object": {}}


def add_examples(document: dict[str, Any]) -> None:
    """Give each body and each answer of the document that has none an example, which is the document's own to change."""
    made = _Maker(document["components"]["schemas"])
    for operations in document["paths"].values():
        for operation in operations.values():
            for media_type, media in operation.get("requestBody", {}).get("content", {}).items():
                _add(media, made, media_type)
            for status, answer in operation["responses"].items():
                for media_type, media in answer.get("content", {}).items():
                    if media_type == "application/problem+json":
                        media.setdefault("example", _problem(int(status), answer["description"]))
                    else:
                        _add(media, made, media_type)


def _add(media: dict[str, Any], made: _Maker, media_type: str) -> None:
    if "example" in media or "examples" in media:
        return
    schema = media.get("schema", {})
    if media_type == "application/x-ndjson":
        lines = (msgspec.json.encode(EVENTS[name]).decode() for name in ("login", "transaction"))
        media["example"] = "\n".join(lines) + "\n"
    elif "#/components/schemas/Event" in str(schema):
        media["examples"] = {name: {"value": deepcopy(event)} for name, event in EVENTS.items()} | {
            "several": {"value": deepcopy([EVENTS["login"], EVENTS["transaction"]])}
        }
    elif media_type == "image/svg+xml":
        media["example"] = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 41 41"/>'
    elif media_type == "application/octet-stream":
        media["example"] = "%PDF-1.7\n1 0 obj\n<<>>\nendobj\ntrailer\n<<>>\n%%EOF\n"
    elif media_type == "text/plain":
        media["example"] = "# HELP payguard_events_total Events decided.\npayguard_events_total 1.0\n"
    else:
        media["example"] = deepcopy(made.value(schema))


def _problem(status: int, description: str) -> dict[str, Any]:
    code = {400: "invalid_request", 401: "unauthorized", 403: "forbidden", 404: "not_found", 409: "conflict"}
    kind = code.get(status, "unavailable" if status == 503 else "refused")
    return {
        "type": f"urn:payguard:problem:{kind}",
        "title": kind.replace("_", " ").capitalize(),
        "status": status,
        "detail": description,
        "request_id": VALUES["request_id"][0],
    }


class _Maker:
    """Makes values that schemas allow; `schemas` are those that they refer to."""

    def __init__(self, schemas: Mapping[str, Any]) -> None:
        self._schemas = schemas

    def value(self, schema: Mapping[str, Any], name: str = "", depth: int = 0, of: str = "") -> Any:
        """A value for the member of that name, of the schema `of`."""
        if "$ref" in schema:
            title = schema["$ref"].rsplit("/", 1)[1]
            if title in _WHOLE:
                return _WHOLE[title]
            schema = self._schemas[title]
        if "const" in schema:
            return schema["const"]
        choices = self._choices(schema)
        known = VALUES.get(f"{of}.{name}") or VALUES.get(name, ())
        if name in ABSENT and any(_allows(each, None) for each in choices):
            return None
        for each in known:
            if any(self._may_be(choice, each) for choice in choices):
                return each
        first = next((each for each in choices if each.get("type") != "null"), choices[0])
        return self._plain(first, name, depth) if first is schema else self.value(first, name, depth)

    def _choices(self, schema: Mapping[str, Any]) -> list[Mapping[str, Any]]:
        for several in ("anyOf", "oneOf", "allOf"):
            if several in schema:
                return list(schema[several])
        return [schema]

    def _may_be(self, schema: Mapping[str, Any], value: Any) -> bool:
        if "$ref" in schema:
            schema = self._schemas[schema["$ref"].rsplit("/", 1)[1]]
        if any(each is not schema for each in self._choices(schema)):
            return any(self._may_be(each, value) for each in self._choices(schema))
        return _allows(schema, value)

    def _plain(self, schema: Mapping[str, Any], name: str, depth: int) -> Any:
        if "enum" in schema:
            return schema["enum"][0]
        kind = _kind(schema)
        if kind == "object" and depth < _DEEPEST:
            members = schema.get("properties", {})
            of = schema.get("title", "")
            return {member: self.value(body, member, depth + 1, of) for member, body in members.items()}
        if kind == "array":
            item = schema.get("items", {})
            return [] if depth >= _DEEPEST or not item else [self.value(item, _singular(name), depth + 1)]
        if kind in ("integer", "number"):
            least = schema.get("minimum", schema.get("default") or 1)
            return int(least) if kind == "integer" else float(least)
        if kind == "string" and ("date" in schema.get("format", "") or name.endswith("_at")):
            return _TIME.split("T")[0] if schema.get("format") == "date" else _TIME
        return schema.get("default") or _PLAIN[kind]


def _kind(schema: Mapping[str, Any]) -> str:
    kind = schema.get("type", "object")
    return str(kind if isinstance(kind, str) else kind[0])


def _singular(name: str) -> str:
    """`kinds` hold a `kind`."""
    return name.removesuffix("s")


def _allows(schema: Mapping[str, Any], value: Any) -> bool:
    """Whether a schema without choices allows the value, as far as its own keywords say."""
    if "enum" in schema:
        return value in schema["enum"]
    kinds = schema.get("type", [])
    kinds = [kinds] if isinstance(kinds, str) else kinds
    if not any(isinstance(value, _TYPES[kind]) for kind in kinds):
        return False
    if isinstance(value, bool) and "boolean" not in kinds:
        return False
    if isinstance(value, str):
        is_time = re.fullmatch(r"\d{4}-\d\d-\d\dT[\d:]+Z", value) is not None
        return (
            len(value) >= schema.get("minLength", 0)
            and len(value) <= schema.get("maxLength", len(value))
            and re.search(schema.get("pattern", ""), value) is not None
            and (schema.get("format") != "date-time" or is_time)
        )
    if isinstance(value, dict):
        return "properties" not in schema
    return not isinstance(value, int | float) or value >= schema.get("minimum", value)
