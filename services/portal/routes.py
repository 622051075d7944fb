"""Pages that open: the link from the wallet, and what the browser needs to show them."""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.responses import Response

from services.portal.forms import read_form
from services.portal.pages import ASSETS, PREFIX, headers_of, page
from services.portal.portal import portal_of
from services.portal.problem_pages import outcome
from services.portal.sessions import PageRoute, begin
from services.portal.visits import Purpose

_FIRST_PAGE: dict[Purpose, str] = {
    "challenge": "approve",
    "enrol": "factor",
    "factor": "authenticator",
    "centre": "centre",
    "report": "centre/report",
    "case": "centre/cases",
}

router = APIRouter(prefix=PREFIX, route_class=PageRoute, include_in_schema=False)


@router.api_route("/open/{link}", methods=["GET", "HEAD"])
async def show_link(request: Request, link: str) -> Response:
    """Ask before opening: what fetches links to preview them sends no form, so it uses none up."""
    wanted = await portal_of(request).visits.locale_of(link)
    if wanted is None:
        return outcome(request, "used", status=410)
    return page(request, "open", wanted=wanted, link=link)


@router.post("/open")
async def open_link(request: Request) -> Response:
    """Swap the link for a session and go to its first page, whose address says nothing."""
    opened = await portal_of(request).visits.open((await read_form(request)).get("link", ""))
    if opened is None:
        return outcome(request, "used", status=410)
    text, visit = opened
    return begin(request, text, visit.page or _FIRST_PAGE[visit.purpose], visit.purpose)


@router.get("/assets/{digest}/{name}")
async def asset(request: Request, digest: str, name: str) -> Response:
    """A stylesheet, script or picture of the pages; its address changes with it."""
    return ASSETS.answer(digest, name, headers_of(request))
