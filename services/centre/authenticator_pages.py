"""The authenticator within the centre: the same page and acts as behind a link of its own."""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.responses import Response

from services.portal.centre_frame import CENTRE_PREFIX, CentreRoute, centre_form, centre_page, centre_session
from services.portal.factor_pages import authenticator_values, remove_factor, renew_codes
from services.portal.sessions import Session, go_to

router = APIRouter(prefix=CENTRE_PREFIX, route_class=CentreRoute, include_in_schema=False)
_HERE = f"{CENTRE_PREFIX}/authenticator"


@router.get("/authenticator")
async def authenticator(request: Request) -> Response:
    """The state of the authenticator, and what can be done with it."""
    return await _shown(request, await centre_session(request))


@router.post("/authenticator/codes")
async def renew(request: Request) -> Response:
    """New recovery codes for a code."""
    session, fields = await centre_form(request)
    return await renew_codes(request, session, fields, _shown, f"{_HERE}/kept")


@router.post("/authenticator/kept")
async def kept(request: Request) -> Response:
    """The owner kept the codes."""
    await centre_form(request)
    return go_to(request, "centre/authenticator")


@router.post("/authenticator/remove")
async def remove(request: Request) -> Response:
    """Remove the authenticator for a code."""
    session, fields = await centre_form(request)
    return await remove_factor(request, session, fields, _shown)


async def _shown(request: Request, session: Session, error: str = "", form: str = "") -> Response:
    values = await authenticator_values(request, session, error, form)
    return centre_page(request, session, "centre/authenticator", "authenticator", acts=_HERE, **values)
