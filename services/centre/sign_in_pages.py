"""Entering the centre by the wallet's own sign-in: out to its provider, and back."""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.responses import RedirectResponse, Response

from services.centre.sign_in import SignIn
from services.http.openid import PENDING_S, SignInFailed
from services.http.problems import Problem
from services.portal.pages import PREFIX, headers_of, page
from services.portal.portal import portal_of
from services.portal.sessions import PageRoute, begin
from services.portal.targets import NoTarget, path_to
from services.portal.visits import Visit

router = APIRouter(prefix=PREFIX, route_class=PageRoute, include_in_schema=False)
#: Where the provider sends people back to; it must know the address.
BACK = f"{PREFIX}/signed-in"
_COOKIE = "payguard-sign-in"
_RETRY_S = 30


@router.get("/sign-in")
async def sign_in(request: Request) -> Response:
    """Go to the wallet's sign-in; `page`, with `kind` and `about`, is the page of the centre to go on to, see `targets`."""
    wanted = {name: request.query_params.get(name) for name in ("kind", "about")}
    try:
        page_path = path_to(request.query_params.get("page", "overview"), **wanted)
    except NoTarget:
        page_path = path_to("overview")
    try:
        address, pending = await _sign_in(request).begin(page_path)
    except SignInFailed as failed:
        return _failed(request, failed)
    response = RedirectResponse(address, status_code=303, headers=headers_of(request))
    # Lax: the provider is another site, and what it sends back must find the cookie.
    response.set_cookie(
        _COOKIE,
        pending,
        max_age=int(PENDING_S),
        path=BACK,
        secure=portal_of(request).secure,
        httponly=True,
        samesite="lax",
    )
    return response


@router.get("/signed-in")
async def signed_in(request: Request) -> Response:
    """Come back with the provider's word, and open the centre."""
    try:
        who = await _sign_in(request).finish(request.cookies.get(_COOKIE, ""), dict(request.query_params))
    except SignInFailed as failed:
        return _failed(request, failed)
    visits = portal_of(request).visits
    link, _ = await visits.link(Visit(account_id=who.account_id, purpose="centre", proved_at=who.proved_at))
    opened = await visits.open(link)
    assert opened is not None
    # A strict cookie is not sent where another site has led: the page itself goes on to the centre.
    to = who.page or path_to("overview")
    going = begin(request, opened[0], to, "centre")
    arrived = page(request, "centre/signed-in", to=f"{PREFIX}/{to}")
    arrived.raw_headers += [each for each in going.raw_headers if each[0] == b"set-cookie"]
    arrived.headers["Refresh"] = f"0; url={PREFIX}/{to}"
    arrived.delete_cookie(_COOKIE, path=BACK)
    return arrived


def _sign_in(request: Request) -> SignIn:
    sign_in: SignIn | None = request.app.state.sign_in
    if sign_in is None:
        raise Problem(404, "not_found", "no sign-in of the wallet is configured")
    return sign_in


def _failed(request: Request, failed: SignInFailed) -> Response:
    """Why nobody is signed in, and the way on: another try, and what the wallet itself can do."""
    away = failed.why == "away"
    again = None if failed.why == "setup" else f"{PREFIX}/sign-in"
    status = 503 if away else 403
    shown = page(request, "centre/sign-in-failed", status=status, why=failed.why, again=again)
    if away:
        shown.headers["Retry-After"] = str(_RETRY_S)
    return shown
