"""Identifiers of the callers' own in paths, queries and bodies, by the rule of `contracts.identifiers`.

An identifier is 1 to 128 printable characters, spaces and the `/`, `%`, `?`, `#`, `{` of addresses among them. In a path
each is one segment, percent-encoded as RFC 3986 has it (`a/b` is `a%2Fb`): paths are matched as they were sent, and a
segment is decoded once, after that.

Dependencies are coroutines even where they wait for nothing: the framework hands plain functions to a thread, which takes
longer than they do.
"""

from __future__ import annotations

from typing import Annotated, Any
from urllib.parse import unquote_to_bytes

from fastapi import Depends, Path, Query, Request
from pydantic import AfterValidator, Field
from starlette.convertors import Convertor, register_url_convertor

from contracts.errors import Malformed
from contracts.identifiers import MOST, RULE, is_identifier
from services.http.problems import Problem


def plain(value: str) -> str:
    """The identifier without change. Raises Malformed with the rule."""
    if not is_identifier(value):
        raise Malformed("identifier", RULE)
    return value


def _in_body(value: str) -> str:
    if not is_identifier(value):
        raise ValueError(RULE)
    return value


#: An identifier in a JSON body.
BodyIdentifier = Annotated[str, Field(min_length=1, max_length=MOST), AfterValidator(_in_body)]


def named(request: Request, name: str) -> str:
    """The identifier in the path of a direct route. Raises Problem 400 for one that is too long, Malformed as `plain`."""
    value: str = request.path_params[name]
    if not 0 < len(value) <= MOST:
        error = {"field": f"path.{name}", "detail": f"an identifier has 1 to {MOST} characters"}
        raise Problem(400, "invalid_request", "the request is not as documented", errors=[error])
    return plain(value)


def documented(name: str, title: str) -> dict[str, Any]:
    """What the API's document says of an identifier in the path of a direct route."""
    schema = {"type": "string", "minLength": 1, "maxLength": MOST, "title": title}
    return {"name": name, "in": "path", "required": True, "schema": schema}


class _Segment(Convertor[str]):
    """One segment of a path as it was sent, decoded once."""

    regex = "[^/]+"

    def convert(self, value: str) -> str:
        """The identifier in it. Raises Malformed where its escapes are no UTF-8."""
        if "%" not in value:
            return value
        try:
            return unquote_to_bytes(value).decode()
        except UnicodeDecodeError:
            raise Malformed("identifier", RULE) from None

    def to_string(self, value: str) -> str:
        """Not asked for: addresses are made where they are answered."""
        raise NotImplementedError


class _Tail(_Segment):
    """The rest of a path: an identifier whose `/` may also have been left as it is."""

    regex = ".*"


register_url_convertor("segment", _Segment())
register_url_convertor("tail", _Tail())


async def _account(account_id: Annotated[str, Path(min_length=1, max_length=MOST)]) -> str:
    return plain(account_id)


#: The account in a path.
AccountId = Annotated[str, Depends(_account)]


async def _account_query(
    account_id: Annotated[str | None, Query(min_length=1, max_length=MOST)] = None,
) -> str | None:
    return None if account_id is None else plain(account_id)


#: The account in a query, if one is named.
AccountQuery = Annotated[str | None, Depends(_account_query)]
