"""`GET /docs`: the OpenAPI document as one page to read, without scripts and without anything from elsewhere."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Iterable, Mapping
from html import escape
from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import HTMLResponse, Response

router = APIRouter()
_STYLE = (
    "body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color-scheme:light dark}"
    "summary{cursor:pointer;padding:.3rem 0}code{font-size:.9em}"
    "table{border-collapse:collapse;margin:.5rem 0}td,th{text-align:left;vertical-align:top;padding:.2rem .8rem .2rem 0}"
    "details>*:not(summary){margin-left:1.2rem}"
)
_STYLE_HASH = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
_HEADERS = {
    "Content-Security-Policy": (
        f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "Cache-Control": "no-cache",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
_CODE = re.compile(r"`([^`]+)`")
_MEMBERS = ("allOf", "anyOf", "oneOf")


@router.get("/docs", include_in_schema=False)
async def show_reference(request: Request) -> Response:
    """Every operation with its parameters, body and answers."""
    state = request.app.state
    if getattr(state, "reference", None) is None:
        state.reference = reference_page(request.app.openapi()).encode()
    return HTMLResponse(state.reference, headers=_HEADERS)


def reference_page(document: Mapping[str, Any]) -> str:
    """The page of an OpenAPI document: a heading for each tag, an operation each in the document's order."""
    by_tag: dict[str, list[str]] = {}
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            shown = _operation(document, f"{method.upper()} {path}", operation)
            by_tag.setdefault(operation["tags"][0], []).append(shown)
    title = escape(document["info"]["title"])
    parts = "".join(f"<h2>{escape(tag)}</h2>{''.join(shown)}" for tag, shown in by_tag.items())
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{title} API</title>'
        f'<meta name="viewport" content="width=device-width, initial-scale=1"><style>{_STYLE}</style></head>'
        f"<body><h1>{title} API</h1>{_prose(document['info']['description'])}"
        f'<p>For machines: <a href="/openapi.json">openapi.json</a>.</p>{parts}</body></html>\n'
    )


def _operation(document: Mapping[str, Any], name: str, operation: Mapping[str, Any]) -> str:
    parameters = [
        (each["name"], f"{each['in']}, {_kind(each['schema'])}", each.get("required", False), _said(each))
        for each in operation.get("parameters", ())
    ]
    bodies = operation.get("requestBody", {}).get("content", {})
    given = "".join(
        f"<p>Body, <code>{escape(media)}</code>: {escape(_kind(body['schema']))}</p>"
        + _fields(_members(document, body["schema"]))
        for media, body in bodies.items()
    )
    answers = "".join(
        f"<tr><td>{status}</td><td>{_marked(answer['description'])}</td><td>{escape(_answer_kind(answer))}</td></tr>"
        for status, answer in sorted(operation["responses"].items())
    )
    return (
        f"<details><summary><code>{escape(name)}</code> {escape(operation['summary'])}</summary>"
        f"{_prose(operation.get('description', ''))}{_fields(parameters)}{given}"
        f"<table><tr><th>Status</th><th>Answer</th><th></th></tr>{answers}</table></details>"
    )


def _fields(rows: Iterable[tuple[str, str, bool, str]]) -> str:
    shown = "".join(
        f"<tr><td><code>{escape(name)}</code></td><td>{escape(kind)}{', required' if needed else ''}</td>"
        f"<td>{_marked(said)}</td></tr>"
        for name, kind, needed, said in rows
    )
    return f"<table><tr><th>Field</th><th>Kind</th><th></th></tr>{shown}</table>" if shown else ""


def _members(document: Mapping[str, Any], schema: Mapping[str, Any]) -> list[tuple[str, str, bool, str]]:
    if "$ref" in schema:
        schema = document["components"]["schemas"][_name(schema["$ref"])]
    needed = schema.get("required", ())
    return [
        (name, _kind(part), name in needed, part.get("description", ""))
        for name, part in schema.get("properties", {}).items()
    ]


def _answer_kind(answer: Mapping[str, Any]) -> str:
    return " or ".join(
        _kind(body["schema"]) for body in answer.get("content", {}).values() if "schema" in body
    )


def _kind(schema: Mapping[str, Any]) -> str:
    """A schema in a few words: a model's name, the values of an enumeration, or a JSON type."""
    if "$ref" in schema:
        return _name(schema["$ref"])
    if "enum" in schema:
        return " | ".join(map(str, schema["enum"]))
    if "const" in schema:
        return str(schema["const"])
    for several in _MEMBERS:
        if several in schema:
            return " | ".join(dict.fromkeys(map(_kind, schema[several])))
    if schema.get("type") == "array":
        return f"list of {_kind(schema.get('items', {}))}"
    kinds = schema.get("type", "any")
    return kinds if isinstance(kinds, str) else " | ".join(kinds)


def _name(reference: str) -> str:
    return reference.rsplit("/", 1)[-1]


def _said(parameter: Mapping[str, Any]) -> str:
    return str(parameter.get("description") or parameter["schema"].get("description", ""))


def _prose(text: str) -> str:
    return "".join(f"<p>{_marked(part)}</p>" for part in text.split("\n\n") if part)


def _marked(text: str) -> str:
    return _CODE.sub(r"<code>\1</code>", escape(text))
