"""Identifiers in paths and queries, as every route takes them.

Dependencies are coroutines even where they wait for nothing: the framework hands plain functions to a thread, which takes
longer than they do.
"""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Depends, Path, Request

from contracts.errors import Malformed
from services.ingest.problems import Problem

_MOST = 128


def plain(value: str) -> str:
    """The identifier without change. Raises Malformed for a NUL, which no SQL database of ours can hold."""
    if "\x00" in value:
        raise Malformed("identifier", "an identifier must not hold a NUL character")
    return value


def named(request: Request, name: str) -> str:
    """The identifier in the path of a direct route. Raises Problem 400 for one that is too long, Malformed as `plain`."""
    value: str = request.path_params[name]
    if not 0 < len(value) <= _MOST:
        error = {"field": f"path.{name}", "detail": f"an identifier has 1 to {_MOST} characters"}
        raise Problem(400, "invalid_request", "the request is not as documented", errors=[error])
    return plain(value)


def documented(name: str, title: str) -> dict[str, Any]:
    """What the API's document says of an identifier in the path of a direct route."""
    schema = {"type": "string", "minLength": 1, "maxLength": _MOST, "title": title}
    return {"name": name, "in": "path", "required": True, "schema": schema}


async def _account(account_id: Annotated[str, Path(min_length=1, max_length=_MOST)]) -> str:
    return plain(account_id)


#: The account in a path.
AccountId = Annotated[str, Depends(_account)]
