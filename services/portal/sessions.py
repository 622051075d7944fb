"""The session of a page request: its cookie, its visit, and the forms that belong to it."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Mapping
from typing import Any

from fastapi.routing import APIRoute
from msgspec import Struct
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from services.http.problems import Problem
from services.mfa.http import count_malformed
from services.mfa.records import Context
from services.mfa.typed_code import code_in
from services.portal.forms import read_form
from services.portal.pages import PREFIX, headers_of
from services.portal.portal import portal_of
from services.portal.problem_pages import problem_page
from services.portal.visits import SESSION_S, Purpose, Visit


class Session(Struct, frozen=True):
    """An open session and what its forms carry."""

    visit: Visit
    form_token: str


class PageRoute(APIRoute):
    """A route whose errors are pages for a person instead of problem details."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """The route's handler, its errors marked as pages."""
        handle = super().get_route_handler()

        async def marked(request: Request) -> Response:
            request.scope["problem_page"] = problem_page
            return await handle(request)

        return marked


async def session_for(request: Request, *purposes: Purpose) -> Session:
    """The request's session. Raises Problem 403 when there is none, it is over, or it is for something else."""
    visits, text = portal_of(request).visits, request.cookies.get(_cookie_name(request), "")
    visit = await visits.session(text)
    if visit is None or visit.purpose not in purposes:
        raise Problem(403, "no_session", "the page is not open, or not for this")
    return Session(visit, visits.form_token(text))


async def form_of(request: Request, *purposes: Purpose) -> tuple[Session, Mapping[str, str]]:
    """The session and the fields of a form that one of its own pages made. Raises Problem 403 for any other."""
    session = await session_for(request, *purposes)
    fields = await read_form(request)
    text = request.cookies.get(_cookie_name(request), "")
    if not portal_of(request).visits.is_form_token(text, fields.get("token", "")):
        raise Problem(403, "form_token", "the form was not made by this page")
    return session, fields


def begin(request: Request, text: str, path: str) -> Response:
    """Go on to a page with a new session."""
    response = go_to(request, path)
    secure = portal_of(request).secure
    response.set_cookie(
        _cookie_name(request),
        text,
        max_age=int(SESSION_S),
        path="/" if secure else PREFIX,
        secure=secure,
        httponly=True,
        samesite="strict",
    )
    return response


def go_to(request: Request, path: str) -> Response:
    """Answer a form by another page, so that reloading sends nothing twice."""
    return RedirectResponse(f"{PREFIX}/{path}", status_code=303, headers=headers_of(request))


def context_of(request: Request, visit: Visit) -> Context:
    """Who offers a code on a page: as the wallet said when it asked for the link, else the address that we see."""
    seen = None if request.client is None else request.client.host
    return Context(ip=visit.ip or seen, device_id=visit.device_id, actor="page")


async def code_of(request: Request, session: Session, fields: Mapping[str, str]) -> str | None:
    """The code of a form; None for what is none, which is counted against its network. Raises SlowDown."""
    code = code_in(fields.get("code", ""))
    if code is None:
        await count_malformed(request, context_of(request, session.visit))
    return code


def _cookie_name(request: Request) -> str:
    # A browser takes the prefix only with Secure, without Domain and for the whole host: no sibling site can set it.
    return "__Host-payguard" if portal_of(request).secure else "payguard"
