"""Routes for the requests that come most: documented like any other, run without what the framework puts between."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from fastapi import FastAPI
from fastapi.routing import APIRoute
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from services.http.query_parameters import refuse_unknown_queries

Endpoint = Callable[[Request], Awaitable[Response]]


class _Direct(APIRoute):
    """A documented route whose endpoint is called with the request and nothing between: a third of the request's cost."""

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """The endpoint's answer; errors go to the application's handlers as from any route."""
        if scope["method"] not in (self.methods or ()):
            await super().handle(scope, receive, send)
            return
        refuse_unknown_queries(scope)
        response: Response = await self.endpoint(Request(scope, receive, send))
        await response(scope, receive, send)


def add_direct_post(app: FastAPI, path: str, endpoint: Endpoint, **docs: Any) -> None:
    """`POST path` answered by the endpoint, which checks its key and reads the request itself.

    `docs` are what `add_api_route` takes to describe it. Added to the application and not to a router: routes of the
    application are looked at first, in their order.
    """
    app.router.add_api_route(path, endpoint, methods=["POST"], route_class_override=_Direct, **docs)
