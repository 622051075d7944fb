"""HTTP for help desks: their webhooks, each signed with the secret of its connection instead of an API key."""

from __future__ import annotations

from typing import Annotated, Any, cast

from fastapi import APIRouter, Depends, Path, Request
from starlette.responses import Response

from services.connect.arriving import Arrivals, Unsigned
from services.http.problems import RESPONSES, Problem

router = APIRouter(prefix="/v1/connect", tags=["help desks"], responses=RESPONSES)
_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "description": "What the help desk sends by itself: an event with a ticket, a conversation or a note.",
        "content": {"application/json": {"schema": {"type": "object"}}},
    }
}


async def _arrivals(request: Request) -> Arrivals:
    return cast("Arrivals", request.app.state.arrivals)


@router.post("/{name}", status_code=204, response_class=Response, openapi_extra=_BODY)
async def take_from_help_desk(
    request: Request,
    arrivals: Annotated[Arrivals, Depends(_arrivals)],
    name: Annotated[str, Path(min_length=1, max_length=128)],
) -> Response:
    """Take a webhook of a connected help desk (`payguard connect`): a note there becomes a note of the case, once.

    The request bears the signature of its kind: `X-Hub-Signature` of Zammad, `X-Chatwoot-Signature` with its timestamp, or those
    of Standard Webhooks. 401 for any other, and for a name that is not connected. What is nothing to PayGuard is answered 204.
    """
    try:
        await arrivals.take(name, request.headers, await request.body())
    except Unsigned:
        raise Problem(401, "unsigned", "the signature is not that of a help desk of this name") from None
    return Response(status_code=204)
