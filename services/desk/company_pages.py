"""Signing in at the company: out to its provider, back, and our own factor where the provider did not ask for one."""

from __future__ import annotations

import math

from fastapi import APIRouter, Request
from markupsafe import Markup
from starlette.responses import RedirectResponse, Response

from services.desk.frame import PREFIX, bare, go_to, headers, locale_of, own_path, require_own_page, words
from services.desk.service import desk_of
from services.desk.sign_in_pages import begun, known_cookie, seen_of
from services.http.openid import PENDING_S, SignInFailed
from services.http.problems import Problem
from services.portal.forms import read_form
from services.staff.access import cookie_of
from services.staff.company import TICKET_S, Again, CompanyRefused, CompanySignIn, FactorAsked
from services.staff.sign_in import Refused
from services.staff.tries import Slow

router = APIRouter(prefix=PREFIX, include_in_schema=False)
#: Where the provider sends people back to; it must know the address.
BACK = f"{PREFIX}/signed-in"
_CODE = f"{PREFIX}/sign-in/code"
_RETRY_S = 30


@router.get("/sign-in/company")
async def go_out(request: Request) -> Response:
    """Go to the company's sign-in."""
    try:
        address, pending = await _company(request).begin(own_path(request.query_params.get("next")))
    except SignInFailed as failed:
        return _failed(request, failed.why)
    response = RedirectResponse(address, status_code=303, headers=headers(request))
    _keep(request, response, pending, BACK, PENDING_S)
    return response


@router.get("/signed-in")
async def come_back(request: Request) -> Response:
    """Come back with the provider's word: a session, or our own factor first."""
    kept, before = request.cookies.get(_cookie(request), ""), request.cookies.get(cookie_of(request), "")
    try:
        came = await _company(request).finish(kept, dict(request.query_params), seen_of(request), before)
    except (SignInFailed, CompanyRefused) as failed:
        return _failed(request, failed.why)
    if isinstance(came, FactorAsked):
        response: Response = RedirectResponse(_CODE, status_code=303, headers=headers(request))
        _keep(request, response, came.ticket, _CODE, TICKET_S)
    elif isinstance(came, Again):
        response = go_to(request, came.page)
    else:
        response = begun(request, came.done, came.page)
    response.delete_cookie(_cookie(request), path=BACK)
    return response


@router.get("/sign-in/code")
async def ask_code(request: Request) -> Response:
    """Ask for a code of our own authenticator, or show what it scans."""
    return await _asking(request)


@router.post("/sign-in/code")
async def give_code(request: Request) -> Response:
    """Begin a session by the code."""
    require_own_page(request)
    typed = await read_form(request)
    t, before = words(locale_of(request)), request.cookies.get(cookie_of(request), "")
    known = request.cookies.get(known_cookie(request), "")
    try:
        factor = _company(request).factor
        done, to = await factor.enter(
            _ticket(request), typed.get("code", ""), seen_of(request), known, before
        )
    except Refused as refused:
        minutes = math.ceil(refused.wait_s / 60)
        key = "company.wrong" if refused.left else "company.wrong_last"
        wrong = f"{t(key, left=refused.left, minutes=minutes)} {t('signin.used')}"
        return await _asking(request, wrong, 403)
    except Slow as slow:
        shown = await _asking(request, t("signin.slow", minutes=math.ceil(slow.wait_s / 60)), 429)
        shown.headers["Retry-After"] = str(slow.wait_s)
        return shown
    except SignInFailed as failed:
        return _failed(request, failed.why)
    response = begun(request, done, to)
    response.delete_cookie(_cookie(request), path=_CODE)
    return response


async def _asking(request: Request, wrong: str = "", status: int = 200) -> Response:
    try:
        to_bind = await _company(request).factor.asked(_ticket(request))
    except SignInFailed as failed:
        return _failed(request, failed.why)
    values = {"wrong": wrong, "picture": None, "secret": ""}
    if to_bind is not None:
        picture = Markup(to_bind.picture)  # noqa: S704 (drawn here, of a secret made here)
        values |= {"picture": picture, "secret": to_bind.secret}
    return bare(request, "company-code", None, status, **values)


def _company(request: Request) -> CompanySignIn:
    company = desk_of(request).staff.company
    if company is None:
        raise Problem(404, "not_found", "no sign-in of the company is configured")
    return company


def _ticket(request: Request) -> str:
    return request.cookies.get(_cookie(request), "")


def _cookie(request: Request) -> str:
    # Its path is one page's, which the prefix of the session's cookie forbids.
    return "__Secure-payguard-company" if desk_of(request).secure else "payguard-company"


def _keep(request: Request, response: Response, text: str, path: str, for_s: float) -> None:
    # Lax: the provider is another site, and what it sends back must find the cookie.
    response.set_cookie(
        _cookie(request),
        text,
        max_age=int(for_s),
        path=path,
        secure=desk_of(request).secure,
        httponly=True,
        samesite="lax",
    )


def _failed(request: Request, why: str) -> Response:
    """Why nobody is signed in, and what to do."""
    again = None if why in ("setup", "name_taken", "disabled") else f"{PREFIX}/sign-in/company"
    status = 503 if why == "away" else 403
    shown = bare(request, "company-failed", None, status, why=why, again=again)
    if why == "away":
        shown.headers["Retry-After"] = str(_RETRY_S)
    return shown
