"""Errors over HTTP as problem details (RFC 9457, application/problem+json).

Malformed is 400, Overloaded 429, Unavailable 503. A problem never repeats what the caller sent, and an unexpected
error says nothing but its request id.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Any

import msgspec
from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from contracts.errors import Malformed, Overloaded, Unavailable

MEDIA_TYPE = "application/problem+json"
RETRY_AFTER_S = "1"
_log = logging.getLogger(__name__)


class Problem(Exception):
    """An answer that is an error: HTTP status, a short stable code, a sentence for the caller's developer."""

    def __init__(
        self, status: int, code: str, detail: str, headers: Mapping[str, str] | None = None, **extra: Any
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.code = code
        self.detail = detail
        self.headers = dict(headers or {})
        self.extra = extra


#: How a problem is shown to a person.
ProblemPage = Callable[[Request, Problem], Response]


def problem_response(problem: Problem, request_id: str = "") -> Response:
    """The problem as a response; `type` is `urn:payguard:problem:<code>`."""
    body = {
        "type": f"urn:payguard:problem:{problem.code}",
        "title": HTTPStatus(problem.status).phrase,
        "status": problem.status,
        "detail": problem.detail,
        **({"request_id": request_id} if request_id else {}),
        **problem.extra,
    }
    return Response(
        msgspec.json.encode(body), status_code=problem.status, media_type=MEDIA_TYPE, headers=problem.headers
    )


def install(app: FastAPI) -> None:
    """Answer every error of the application as a problem."""
    app.add_exception_handler(Problem, _answer)
    app.add_exception_handler(Malformed, _answer)
    app.add_exception_handler(Overloaded, _answer)
    app.add_exception_handler(Unavailable, _answer)
    app.add_exception_handler(HTTPException, _answer)
    app.add_exception_handler(RequestValidationError, _answer)
    app.add_exception_handler(Exception, _crashed)


def as_problem(error: Exception) -> Problem:
    """The problem an error means to a caller."""
    if isinstance(error, Problem):
        return error
    if isinstance(error, Malformed):
        return Problem(400, error.reason, error.detail)
    if isinstance(error, Overloaded):
        headers = {"Retry-After": str(error.retry_after_s)}
        return Problem(429, "overloaded", str(error) or "too many requests", headers)
    if isinstance(error, Unavailable):
        detail = "a part PayGuard needs is away; repeat the request, with the same event ids"
        return Problem(503, "unavailable", detail, {"Retry-After": RETRY_AFTER_S})
    if isinstance(error, HTTPException):
        code = HTTPStatus(error.status_code).name.lower()
        return Problem(error.status_code, code, str(error.detail), error.headers)
    if isinstance(error, RequestValidationError):
        return _invalid_request(error)
    return Problem(500, "internal", "an unexpected error; it is logged under the request id")


def _invalid_request(error: RequestValidationError) -> Problem:
    """Where and what, never the value: it may be a code or an address."""
    errors = [
        {"field": ".".join(str(part) for part in found["loc"]), "detail": str(found["msg"])}
        for found in error.errors()
    ]
    return Problem(400, "invalid_request", "the request is not as documented", errors=errors)


async def _answer(request: Request, error: Exception) -> Response:
    return answer_to(request, as_problem(error))


def answer_to(request: Request, problem: Problem) -> Response:
    """The problem as whoever asked can read it: a page where the request's scope names one, else problem details."""
    shown: ProblemPage | None = request.scope.get("problem_page")
    return problem_response(problem, request_id_of(request)) if shown is None else shown(request, problem)


async def _crashed(request: Request, error: Exception) -> Response:
    _log.error("unexpected %s in request %s", type(error).__name__, request_id_of(request))
    return await _answer(request, error)


def request_id_of(request: Request) -> str:
    """The id the tracing middleware gave the request; empty outside of it."""
    return str(request.scope.get("request_id", ""))


def problem_answer(description: str) -> dict[str, Any]:
    """Documentation of an answer that is a problem, for `responses=` of a route."""
    schema = {"$ref": "#/components/schemas/Problem"}
    return {"description": description, "content": {MEDIA_TYPE: {"schema": schema}}}


def _responses() -> dict[int | str, dict[str, Any]]:
    meanings = {
        400: "The request is malformed.",
        401: "No API key, or one that is unknown or revoked.",
        403: "The key lacks the scope.",
        413: "The body is too large.",
        415: "The content type is not supported.",
        429: "More than PayGuard can take now; repeat later.",
        503: "A part PayGuard needs is away; repeat with the same event ids.",
    }
    return {status: problem_answer(meaning) for status, meaning in meanings.items()}


#: Documentation of the problems a route may answer, for `responses=` of a router.
RESPONSES = _responses()

#: JSON Schema of a problem, for the OpenAPI document.
SCHEMA: dict[str, Any] = {
    "title": "Problem",
    "description": "Problem details (RFC 9457).",
    "type": "object",
    "required": ["type", "title", "status", "detail"],
    "properties": {
        "type": {"type": "string", "description": "urn:payguard:problem: and a stable code"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "request_id": {"type": "string"},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {"field": {"type": "string"}, "detail": {"type": "string"}},
            },
        },
    },
}
