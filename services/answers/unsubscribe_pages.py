"""The page by which the weekly summary ends: GET shows it, POST ends it, by a person or by a mail program (RFC 8058).

The link's text is that of the notice, so it can end the summary of that account and do nothing else.
"""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.responses import Response

from services.answers.link_pages import LOOK, answers_of
from services.cases.classes import WEEKLY
from services.cases.preferences import stop_weekly
from services.portal.pages import PREFIX, page
from services.portal.portal import portal_of
from services.portal.sessions import PageRoute

UNSUBSCRIBE = f"{PREFIX}/unsubscribe"
router = APIRouter(prefix=UNSUBSCRIBE, route_class=PageRoute, include_in_schema=False)


@router.api_route("/{text}", methods=LOOK)
async def look(request: Request, text: str) -> Response:
    """What would end, and the button that ends it."""
    return await _shown(request, text, done=False)


@router.post("/{text}")
async def stop(request: Request, text: str) -> Response:
    """End the summary; doing so again changes nothing."""
    return await _shown(request, text, done=True)


async def _shown(request: Request, text: str, *, done: bool) -> Response:
    portal = portal_of(request)
    async with portal.database.read() as connection:
        link = await answers_of(request).links.find(connection, text)
    if link is None or link.template != WEEKLY:
        return page(request, "unsubscribe", status=410, state="unknown", here="")
    if done:
        async with portal.database.begin() as connection:
            await stop_weekly(connection, link.account_id, "link", portal.visits.clock())
    state = "done" if done else "asked"
    return page(request, "unsubscribe", wanted=link.locale, state=state, here=f"{UNSUBSCRIBE}/{text}")
