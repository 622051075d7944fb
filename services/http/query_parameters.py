"""Query parameters that a route does not have are refused: a misspelt filter must not answer with everything."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qsl

from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute
from starlette.requests import Request
from starlette.types import Scope

from services.events.fields import nearest, shown
from services.http.problems import Problem

#: Where the rule holds. Pages, and what probes and scrapers ask for, take what others add to their addresses.
_API = "/v1/"
#: Where a route keeps the answer.
_KEPT = "known_queries"


async def known_queries_only(request: Request) -> None:
    """For the dependencies of the application. Raises Problem 400 for a parameter that the route does not have."""
    refuse_unknown_queries(request.scope)


def refuse_unknown_queries(scope: Scope) -> None:
    """Raise Problem 400 for a parameter that the route of this request does not have."""
    query, route = scope["query_string"], scope.get("route")
    if not query or not isinstance(route, APIRoute) or not route.path.startswith(_API):
        return
    known = queries_of(route)
    errors = [
        {"field": f"query.{shown(name)}", "detail": _refusal(name, known)}
        for name in dict.fromkeys(
            name for name, _ in parse_qsl(query.decode("latin-1"), keep_blank_values=True)
        )
        if name not in known
    ]
    if errors:
        raise Problem(400, "unknown_query", errors[0]["detail"], errors=errors[:20])


def queries_of(route: APIRoute) -> frozenset[str]:
    """The names of the query parameters that the route is documented with."""
    known: frozenset[str] | None = route.__dict__.get(_KEPT)
    if known is None:
        stated: list[dict[str, Any]] = (route.openapi_extra or {}).get("parameters", [])
        known = route.__dict__[_KEPT] = frozenset(
            [
                *_asked(route.dependant),
                *(each["name"] for each in stated if each["in"] == "query"),
            ]
        )
    return known


def _asked(dependant: Dependant) -> Iterator[str]:
    for field in dependant.query_params:
        yield field.alias
    for each in dependant.dependencies:
        yield from _asked(each)


def _refusal(name: str, known: frozenset[str]) -> str:
    like = nearest(name, known)
    refused = f"`{shown(name)}` is not a query parameter of this route"
    if like is not None:
        return f"{refused}; did you mean `{like}`?"
    return f"{refused}, which has {', '.join(sorted(known)) or 'none'}"
