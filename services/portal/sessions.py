"""The session of a page request: its cookie, its visit, and the forms that belong to it."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Mapping, Sequence
from typing import Any

from fastapi.routing import APIRoute
from msgspec import Struct
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from services.http.problems import Problem
from services.mfa.http import count_malformed
from services.mfa.records import Context
from services.mfa.typed_code import code_in
from services.portal.closed_pages import Closed, closed_page
from services.portal.forms import Limits, read_form
from services.portal.pages import PREFIX, headers_of
from services.portal.portal import portal_of
from services.portal.problem_pages import problem_page
from services.portal.visits import Purpose, Visit


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
            request.scope["problem_page"] = self.page_of_problem
            try:
                return await handle(request)
            except Closed as closed:
                return await closed_page(request, closed)

        return marked

    def page_of_problem(self, request: Request, problem: Problem) -> Response:
        """How a problem of the route is told to a person."""
        return problem_page(request, problem)


async def session_for(request: Request, *purposes: Purpose, typed: Sequence[str] = ()) -> Session:
    """The request's session. Raises Problem 403 when there is none, it is over, or it is for something else.

    `typed` names the fields of a form of the centre that people write in: one whose session is over is not lost, and one that was
    made in a session before this one is taken.
    """
    visits, text = portal_of(request).visits, request.cookies.get(portal_of(request).cookie, "")
    visit = await visits.session(text)
    if visit is None or visit.purpose not in purposes:
        if "centre" in purposes:
            raise Closed(typed)
        raise Problem(403, "no_session", "the page is not open, or not for this")
    request.state.takes_earlier = visit.account_id if typed else None
    return Session(visit, visits.form_token(text, visit))


async def form_of(
    request: Request, *purposes: Purpose, limits: Limits | None = None, typed: Sequence[str] = ()
) -> tuple[Session, Mapping[str, str]]:
    """The session and the fields of a form that one of its own pages made. Raises Problem 403 for any other.

    `typed` as in `session_for`.
    """
    session = await session_for(request, *purposes, typed=typed)
    fields = await read_form(request, limits)
    require_token(request, fields.get("token", ""))
    return session, fields


def require_token(request: Request, token: str) -> None:
    """Raises Problem 403 for the token of a form that none of the session's own pages made, nor, if taken, an earlier one's."""
    portal, account_id = portal_of(request), request.state.takes_earlier
    if portal.visits.is_form_token(request.cookies.get(portal.cookie, ""), token):
        return
    if account_id is None or not portal.visits.is_earlier(account_id, token):
        raise Problem(403, "form_token", "the form was not made by this page")


def begin(request: Request, text: str, path: str, purpose: Purpose) -> Response:
    """Go on to a page with a new session."""
    response, portal = go_to(request, path), portal_of(request)
    response.set_cookie(
        portal.cookie,
        text,
        max_age=int(portal.visits.cookie_s(purpose)),
        path="/" if portal.secure else PREFIX,
        secure=portal.secure,
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
    """The code of a form of the session; None for what is none, which is counted against its network. Raises SlowDown."""
    return await typed_code(request, fields, context_of(request, session.visit))


async def typed_code(request: Request, fields: Mapping[str, str], context: Context) -> str | None:
    """The same of a form that `context` offers, whether or not there is a session."""
    code = code_in(fields.get("code", ""))
    if code is None:
        await count_malformed(request, context)
    return code
