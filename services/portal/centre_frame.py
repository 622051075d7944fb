"""The frame of the security centre: its sections, its session, and pages with the ways to the others."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from http import HTTPStatus
from typing import Any, NamedTuple

from fastapi import Request
from markupsafe import Markup
from starlette.responses import Response

from services.http.problems import Problem
from services.portal.forms import Limits
from services.portal.pages import PREFIX, locale_of, page, part
from services.portal.problem_pages import problem_page
from services.portal.sessions import PageRoute, Session, form_of, session_for
from services.portal.visits import CENTRE

CENTRE_PREFIX = f"{PREFIX}/centre"
RETRY_S = "5"
_REMEMBERED = 128


class Section(NamedTuple):
    """A part of the centre: its name in the words, its path below the centre's, its sign, and the tab that a phone marks for it.

    `group` 1 is what an account has, 2 is help.
    """

    name: str
    path: str
    sign: str
    tab: str
    group: int = 1


#: In the order of the side bar. A section whose name is its tab's has a place in the tab bar of phones.
SECTIONS = (
    Section("overview", "", "home", "overview"),
    Section("activity", "/activity", "list", "activity"),
    Section("devices", "/devices", "phone", "devices"),
    Section("authenticator", "/authenticator", "key", "overview"),
    Section("messages", "/messages", "mail", "messages"),
    Section("notifications", "/notifications", "bell", "messages"),
    Section("help", "/help", "help", "help", 2),
    Section("report", "/report", "flag", "help", 2),
    Section("cases", "/cases", "folder", "help", 2),
)


def centre_problem(request: Request, problem: Problem) -> Response:
    """The page of a problem; while a part of PayGuard is away it says what still works, and whether anything was done."""
    if problem.status != HTTPStatus.SERVICE_UNAVAILABLE:
        return problem_page(request, problem)
    path = request.url.path.removeprefix(CENTRE_PREFIX)
    here = next(
        (each for each in reversed(SECTIONS) if each.path and path.startswith(each.path)), SECTIONS[0]
    )
    about = "lock" if path == "/lock" else "shown" if request.method in ("GET", "HEAD") else "sent"
    side, tabs = _ways(SECTIONS, here.name, False, locale_of(request))
    response = page(
        request,
        "centre/away",
        status=problem.status,
        side=side,
        tabs=tabs,
        sections=SECTIONS,
        centre=CENTRE_PREFIX,
        wide=False,
        about=about,
        again=request.url.path if about == "shown" else f"{CENTRE_PREFIX}/lock" if about == "lock" else None,
    )
    response.headers.update({"Retry-After": RETRY_S, **problem.headers})
    return response


class CentreRoute(PageRoute):
    """A route of the centre."""

    def page_of_problem(self, request: Request, problem: Problem) -> Response:
        """As `centre_problem`."""
        return centre_problem(request, problem)


async def centre_session(request: Request, *typed: str) -> Session:
    """The session of the centre; `typed` as in `session_for`. Raises Problem 403 when there is none for it."""
    return await session_for(request, *CENTRE, typed=typed)


async def centre_form(
    request: Request, limits: Limits | None = None, *typed: str
) -> tuple[Session, Mapping[str, str]]:
    """The session and the fields of a form of the centre; `typed` as in `session_for`.

    Raises Problem 403 for a form that none of its pages made.
    """
    return await form_of(request, *CENTRE, limits=limits, typed=typed)


def centre_page(
    request: Request,
    session: Session,
    template: str,
    section: str,
    *,
    needs: bool = False,
    wide: bool = False,
    status: int = 200,
    **values: Any,
) -> Response:
    """The page of a template within the frame, in the reader's language; `needs` marks that something waits for the owner."""
    side, tabs = _ways(SECTIONS, section, needs, locale_of(request, session.visit.locale))
    return page(
        request,
        template,
        wanted=session.visit.locale,
        status=status,
        side=side,
        tabs=tabs,
        sections=SECTIONS,
        centre=CENTRE_PREFIX,
        wide=wide,
        token=session.form_token,
        **values,
    )


@lru_cache(_REMEMBERED)
def _ways(sections: tuple[Section, ...], section: str, needs: bool, locale: str) -> tuple[Markup, Markup]:
    """The side bar and the tab bar of a section: few, and on every page."""
    here = next(each for each in sections if each.name == section)
    values = {
        "sections": sections,
        "section": section,
        "tab": here.tab,
        "needs": needs,
        "centre": CENTRE_PREFIX,
    }
    return part("centre/ways", locale, place="side", **values), part(
        "centre/ways", locale, place="tabs", **values
    )
