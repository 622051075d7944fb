"""What the OpenAPI document says of the routes whose bodies are read without a model."""

from __future__ import annotations

from typing import Any

from services.events.adapters import ADAPTERS
from services.http.problems import problem_answer

MAX_WAIT_S = 10.0
_RESULTS = {"$ref": "#/components/schemas/Results"}
_REHEARSALS = {"$ref": "#/components/schemas/Rehearsals"}

#: For the decorator of `POST /v1/events`.
EVENTS_DOCS: dict[str, Any] = {
    "summary": "Offer events",
    "responses": {
        200: {
            "description": (
                "With `wait=decision`: every accepted event has its decision. "
                "With `dry_run=true`: how each event would be read."
            ),
            "content": {"application/json": {"schema": {"anyOf": [_RESULTS, _REHEARSALS]}}},
        },
        202: {
            "description": "At least one event was accepted: the broker has it.",
            "content": {"application/json": {"schema": _RESULTS}},
        },
        409: problem_answer("The account's event ids were used before for other content; see results."),
        408: problem_answer("The body took longer than 20 s to arrive."),
    },
    "openapi_extra": {
        "security": [{"ApiKey": []}],
        "parameters": [
            {
                "name": "wait",
                "in": "query",
                "description": "Answer with each decision.",
                "schema": {"enum": ["decision"]},
            },
            {
                "name": "timeout_s",
                "in": "query",
                "description": "How long to wait for decisions, in seconds.",
                "schema": {"type": "number", "minimum": 0, "maximum": MAX_WAIT_S, "default": 2},
            },
            {
                "name": "dry_run",
                "in": "query",
                "description": "Validate and explain each event; send nothing. Not together with `wait`.",
                "schema": {"enum": ["true", "false"], "default": "false"},
            },
        ],
        "requestBody": {
            "required": True,
            "content": {adapter.media_type: {"schema": adapter.schema} for adapter in ADAPTERS},
        },
    },
}

#: For the decorator of `GET /v1/decisions/{event_id}`.
DECISION_DOCS: dict[str, Any] = {
    "summary": "Fetch a decision",
    "responses": {
        200: {
            "description": "The decision; with `explain` its sentences too.",
            "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Decision"}}},
        },
        409: problem_answer("Several accounts used this event id: say `account_id`."),
        404: problem_answer("Not decided yet, decided more than an hour ago, or not offered over HTTP."),
    },
}

_WARNINGS: dict[str, Any] = {
    "type": "array",
    "description": "What the sender should know of the event: fields that were not read, or read otherwise.",
    "items": {
        "type": "object",
        "required": ["code", "field", "detail"],
        "properties": {
            "code": {"type": "string", "description": "Stable code, such as unknown_field."},
            "field": {"type": "string", "description": "Path of the field, such as place.country."},
            "detail": {"type": "string"},
        },
    },
}


def _per_event(title: str, description: str, **properties: Any) -> dict[str, Any]:
    """The schema of an answer that has something to say of each event of the body."""
    common = {
        "index": {"type": "integer", "description": "Place in the body, from 0."},
        "event_id": {"type": ["string", "null"]},
    }
    return {
        "title": title,
        "description": description,
        "type": "object",
        "required": ["results"],
        "properties": {
            "results": {
                "type": "array",
                "items": {
                    "type": "object",
                    "required": ["index", "event_id", "status"],
                    "properties": {**common, **properties, "warnings": _WARNINGS},
                },
            }
        },
    }


_PROBLEMS: dict[str, Any] = {
    "type": "array",
    "items": {
        "type": "object",
        "required": ["reason", "field", "detail"],
        "properties": {
            "reason": {"type": "string", "description": "Stable code."},
            "field": {"type": "string", "description": "Empty when it is no single one."},
            "detail": {"type": "string", "description": "What is wrong."},
        },
    },
}

REHEARSALS_SCHEMA = _per_event(
    "Rehearsals",
    "How each event would be read, in the order of the body. Nothing was sent.",
    status={"enum": ["valid", "malformed"]},
    type={"type": "string", "description": "The type of event that it is."},
    event={"type": "object", "description": "Its fields as PayGuard reads them."},
    problems=_PROBLEMS,
)

RESULTS_SCHEMA = _per_event(
    "Results",
    "The answer to each event, in the order of the body.",
    status={"enum": ["accepted", "malformed", "conflict", "unavailable"]},
    reason={"type": "string", "description": "Stable code; when not accepted."},
    detail={"type": "string", "description": "What is wrong, and where."},
    decision={"$ref": "#/components/schemas/Decision"},
    decision_url={"type": "string", "description": "Where the decision will be."},
)
