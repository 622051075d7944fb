"""Who may open a page of the desk: dependencies of its routes, by role.

Without a session a page leads to the sign-in and comes back, and an act says that nothing was done; a role that may not is told
which may. `services.desk.problem_pages` shows both.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Annotated

from fastapi import Depends, Request

from services.http.problems import Problem
from services.staff.members import ROLES, Member, Role
from services.staff.sessions import Session
from services.staff.staff import Staff

#: Who may do what whom may do: what an agent does, a senior does too.
_AGENTS: tuple[Role, ...] = ("agent", "senior", "security", "admin")
SENIORS: tuple[Role, ...] = ("senior", "security", "admin")
_SECURITY: tuple[Role, ...] = ("security", "admin")
_ADMINS: tuple[Role, ...] = ("admin",)
#: Where a request keeps its session, once looked up.
_KNOWN = "staff_session"
#: Why a page leads to the company's sign-in, although there is a session.
CHECK = "check_again"
#: A page that listens for news asks again and again by itself: that is no use of the session.
_LISTENS = "/desk/events"


def cookie_of(request: Request) -> str:
    """The name of the cookie that holds a session."""
    # A browser takes the prefix only with Secure, without Domain and for the whole host: no sibling site can set it.
    return "__Host-payguard-desk" if request.app.state.desk.secure else "payguard-desk"


async def session_of(request: Request) -> Session | None:
    """The request's session, looked up once; None without one. Raises Unavailable."""
    if _KNOWN not in request.scope:
        staff: Staff = request.app.state.staff
        text = request.cookies.get(cookie_of(request), "")
        request.scope[_KNOWN] = await staff.sessions.find(text, used=request.url.path != _LISTENS)
    found: Session | None = request.scope[_KNOWN]
    return found


def known_session(request: Request) -> Session | None:
    """The session of a request that was looked up already; None of any other."""
    found: Session | None = request.scope.get(_KNOWN)
    return found


async def signed_in(request: Request) -> Session:
    """The request's session. Raises Problem 401 without one, or Unavailable."""
    found = await session_of(request)
    if found is None:
        raise Problem(401, "signed_out", "sign in to the desk first")
    if _leads_on(request) and request.app.state.staff.sessions.to_check(found):
        raise Problem(401, CHECK, "the company's sign-in is asked again")
    return found


def _leads_on(request: Request) -> bool:
    """Whether the browser shows what it is led to: it asks for a page, and no script does."""
    shows = request.headers.get("sec-fetch-mode", "navigate") == "navigate"
    return shows and request.method in ("GET", "HEAD") and request.url.path != _LISTENS


def only(*roles: Role) -> Callable[[Request], Awaitable[Member]]:
    """A dependency that lets in members of these roles. It raises Problem 401 without a session, 403 for other roles."""

    async def check(request: Request) -> Member:
        member = (await signed_in(request)).member
        if member.role not in roles:
            raise Problem(403, "role", f"this needs the role {' or '.join(roles)}", may=list(roles))
        return member

    return check


Signed = Annotated[Session, Depends(signed_in)]
#: Everybody who works here, auditors too: for what changes nothing but one's own.
Reader = Annotated[Member, Depends(only(*ROLES))]
Agent = Annotated[Member, Depends(only(*_AGENTS))]
Senior = Annotated[Member, Depends(only(*SENIORS))]
Security = Annotated[Member, Depends(only(*_SECURITY))]
Admin = Annotated[Member, Depends(only(*_ADMINS))]
