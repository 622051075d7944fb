"""Signing in and out, and what browsers load to show the pages."""

from __future__ import annotations

import math
from functools import cache
from urllib.parse import urlencode

from fastapi import APIRouter, Request
from starlette.responses import Response

from services.desk.frame import (
    ASSETS,
    PREFIX,
    bare,
    form,
    go_to,
    headers,
    locale_of,
    own_path,
    require_own_page,
    words,
)
from services.desk.service import desk_of
from services.enrichment.user_agents import UserAgents
from services.portal.forms import read_form
from services.portal.pages import LANGUAGE_COOKIE
from services.portal.wording import known
from services.staff.access import cookie_of, session_of, signed_in
from services.staff.sessions import Seen
from services.staff.sign_in import Refused, SignedIn
from services.staff.tries import KNOWN_S, Slow

router = APIRouter(prefix=PREFIX, include_in_schema=False)
_LANGUAGE_KEPT_S = 180 * 86_400
_MOST_AGENT = 512


@router.get("/assets/{digest}/{name}")
async def asset(request: Request, digest: str, name: str) -> Response:
    """A stylesheet, script or picture of the desk; its address changes with it."""
    return ASSETS.answer(digest, name, headers(request))


@router.get("/sign-in")
async def sign_in(request: Request) -> Response:
    """Ask for name, password and code; whoever is signed in goes on."""
    wanted = own_path(request.query_params.get("next"))
    if await session_of(request) is not None:
        return go_to(request, wanted)
    said = "signin.out" if "out" in request.query_params else None
    shown = _asking(request, wanted, said=said)
    if (chosen := known(request.query_params.get("lang"))) is not None:
        keep_language(request, shown, chosen)
    return shown


@router.post("/sign-in")
async def enter(request: Request) -> Response:
    """Begin a session, with a new cookie; else say, once for all of it, that something was not right."""
    require_own_page(request)
    typed = await read_form(request)
    desk = desk_of(request)
    name, wanted = typed.get("name", ""), own_path(typed.get("next"))
    try:
        done = await desk.staff.sign_in.enter(
            name,
            typed.get("password", ""),
            typed.get("code", ""),
            seen_of(request),
            request.cookies.get(known_cookie(request), ""),
            request.cookies.get(cookie_of(request), ""),
        )
    except Refused as refused:
        t, wait = words(locale_of(request)), math.ceil(refused.wait_s / 60)
        key = {0: "signin.wrong_last", 1: "signin.wrong_one"}.get(refused.left, "signin.wrong")
        wrong = f"{t(key, left=refused.left, minutes=wait)} {t('signin.used')}"
        return _asking(request, wanted, name, wrong=wrong, status=403)
    except Slow as slow:
        minutes = math.ceil(slow.wait_s / 60)
        wrong = words(locale_of(request))("signin.slow", minutes=minutes)
        shown = _asking(request, wanted, name, wrong=wrong, status=429)
        shown.headers["Retry-After"] = str(slow.wait_s)
        return shown
    return begun(request, done, wanted)


@router.post("/sign-out")
async def leave(request: Request) -> Response:
    """End the session."""
    await form(request)
    session = await signed_in(request)
    await desk_of(request).staff.sessions.end(session.session_id, session.member.actor, "signed_out")
    shown = go_to(request, f"{PREFIX}")
    shown.headers["Location"] = f"{PREFIX}/sign-in?out=1"
    shown.headers["Clear-Site-Data"] = '"cache"'
    shown.delete_cookie(cookie_of(request), path=cookie_path(request))
    return shown


def begun(request: Request, done: SignedIn, wanted: str) -> Response:
    """Go on to a page with a new session, and with what tells the browser from others."""
    desk, shown = desk_of(request), go_to(request, wanted)
    lasts_s = int(desk.staff.sessions.lasting.longest_s)
    for name, text, kept_s in (
        (cookie_of(request), done.session, lasts_s),
        (known_cookie(request), done.known, int(KNOWN_S)),
    ):
        shown.set_cookie(
            name,
            text,
            max_age=kept_s,
            path=cookie_path(request),
            secure=desk.secure,
            httponly=True,
            # A case is opened from a colleague's message too: such a page is asked for with the session. Forms carry a token.
            samesite="lax",
        )
    return shown


def seen_of(request: Request) -> Seen:
    """From where the request comes, and with what browser."""
    address = None if request.client is None else request.client.host[:64]
    return Seen(address, _browser(request.headers.get("user-agent", "")[:_MOST_AGENT]))


def known_cookie(request: Request) -> str:
    """The name of the cookie of a browser on which a member got in before."""
    return f"{cookie_of(request)}-known"


def keep_language(request: Request, shown: Response, locale: str) -> None:
    """Let the browser remember the language, for pages before the sign-in."""
    shown.set_cookie(
        LANGUAGE_COOKIE,
        locale,
        _LANGUAGE_KEPT_S,
        path=PREFIX,
        secure=desk_of(request).secure,
        httponly=True,
        samesite="strict",
    )


def _asking(
    request: Request,
    wanted: str,
    name: str = "",
    *,
    wrong: str = "",
    said: str | None = None,
    status: int = 200,
) -> Response:
    lasting = desk_of(request).staff.sessions.lasting
    locale = locale_of(request)
    other = "zh-CN" if locale == "en" else "en"
    asked = [("next", wanted)] if wanted != PREFIX else []
    return bare(
        request,
        "sign-in",
        None,
        status,
        next=wanted,
        typed=name if len(name) <= 64 and name.isprintable() else "",
        wrong=wrong,
        said="" if said is None else words(locale)(said),
        company=None if desk_of(request).staff.company is None else _query(asked),
        idle_min=int(lasting.idle_s // 60),
        longest_h=f"{lasting.longest_s / 3600:g}",
        lang_query=urlencode([*asked, ("lang", other)]),
    )


def _query(asked: list[tuple[str, str]]) -> str:
    return f"?{urlencode(asked)}" if asked else ""


def cookie_path(request: Request) -> str:
    return "/" if desk_of(request).secure else PREFIX


def _browser(text: str) -> str | None:
    """What the browser calls itself: "Firefox, Linux"; None where it says nothing that is known."""
    found = _agents().device(text)
    said = [each for each in (found.browser, found.os) if each]
    return ", ".join(said)[:64] or None


@cache
def _agents() -> UserAgents:
    return UserAgents()
