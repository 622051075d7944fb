"""The API as schemathesis asks it: by its document, with every key."""

from __future__ import annotations

import zlib
from typing import Any

import schemathesis
from schemathesis.checks import not_a_server_error
from schemathesis.schemas import BaseSchema
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from services.api.application import openapi_document
from services.http.api_keys import SCOPES
from tests.services.api.served_api import Served

#: Any 5xx fails, 503 too: every part is there.
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]


@schemathesis.serializer("application/x-ndjson")
def _lines(_context: Any, value: Any) -> Any:
    return value if isinstance(value, bytes) else str(value).encode("utf-8", "surrogatepass")


def asked(phases: list[str], examples: int) -> BaseSchema:
    """The document, with how its requests are made: the same ones on every run."""
    schema: BaseSchema = schemathesis.openapi.from_dict(openapi_document())
    schema.config.generation.update(deterministic=True, max_examples=examples)
    schema.config.phases.update(phases=phases)
    return schema


def ask(api: Served, case: Any) -> None:
    """Send it as it was made with one of the keys, and about what there is with the key that may do everything."""
    request = f"{case.operation.label} {case.path_parameters} {case.query} {case.body!r}"
    scope = SCOPES[zlib.crc32(request.encode("utf-8", "surrogatepass")) % len(SCOPES)]
    case.call_and_validate(base_url=api.url, headers=bearer(api, scope), checks=CHECKS)
    for given in (case.path_parameters, case.body):
        if isinstance(given, dict):
            given.update({name: api.known[name] for name in given if name in api.known})
    case.call_and_validate(base_url=api.url, headers=bearer(api, "admin"), checks=CHECKS)


def bearer(api: Served, scope: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {api.key_of[scope]}"}
