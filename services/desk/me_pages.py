"""A member's own: sessions, password, language, time zone, and whether single keys act."""

from __future__ import annotations

import math
from zoneinfo import available_timezones

from fastapi import APIRouter, Request
from starlette.responses import Response

from contracts.errors import Malformed
from services.desk.frame import PREFIX, form, go_to, page, words
from services.desk.service import desk_of
from services.desk.sign_in_pages import begun, keep_language, known_cookie, seen_of
from services.staff.access import Reader, Signed
from services.staff.members import Member
from services.staff.own_password import change_password
from services.staff.passwords import LEAST
from services.staff.sessions import Session
from services.staff.sign_in import Refused
from services.staff.tries import Slow

router = APIRouter(prefix=PREFIX, include_in_schema=False)
_ME = f"{PREFIX}/me"


@router.get("/me")
async def me(request: Request, member: Reader, session: Signed, said: str = "") -> Response:
    """What is the member's own."""
    t = words(member.locale)
    return await _shown(request, member, session, said=t("me.password_said") if said == "password" else "")


@router.post("/me/password")
async def choose_password(request: Request, member: Reader, session: Signed) -> Response:
    """Another password, by the one before and a code; every other session of the member ends."""
    fields, _ = await form(request)
    t, new = words(member.locale), fields.get("new", "")
    if new != fields.get("again", ""):
        return await _shown(request, member, session, t("first.unlike"), status=400)
    known = request.cookies.get(known_cookie(request), "")
    typed = fields.get("current", ""), fields.get("code", ""), new
    try:
        done = await change_password(desk_of(request).staff, member, *typed, seen_of(request), known)
    except Malformed as weak:
        return await _shown(request, member, session, t(f"first.{weak.reason}", least=LEAST), status=400)
    except Refused as refused:
        minutes = math.ceil(refused.wait_s / 60)
        wrong = t("me.password_wrong", left=refused.left, minutes=minutes)
        return await _shown(request, member, session, f"{wrong} {t('signin.used')}", status=403)
    except Slow as slow:
        wrong = t("signin.slow", minutes=math.ceil(slow.wait_s / 60))
        shown = await _shown(request, member, session, wrong, status=429)
        shown.headers["Retry-After"] = str(slow.wait_s)
        return shown
    return begun(request, done, f"{_ME}?said=password")


async def _shown(
    request: Request, member: Member, session: Session, wrong: str = "", said: str = "", status: int = 200
) -> Response:
    desk = desk_of(request)
    return await page(
        request,
        member,
        "me",
        "me",
        status,
        wrong=wrong,
        said=said,
        least=LEAST,
        sessions=await desk.staff.sessions.listed(member.name),
        this=session,
        zones=sorted(each for each in available_timezones() if "/" in each or each == "UTC"),
        now=desk.clock(),
    )


@router.post("/me/language")
async def choose_language(request: Request, member: Reader) -> Response:
    """The language of every page from now on."""
    fields, _ = await form(request)
    await desk_of(request).staff.prefer(member.name, locale=fields.get("locale", ""))
    shown = go_to(request, fields.get("next", _ME))
    keep_language(request, shown, fields.get("locale", ""))
    return shown


@router.post("/me/time-zone")
async def choose_time_zone(request: Request, member: Reader) -> Response:
    """The clock on which every page writes times."""
    fields, _ = await form(request)
    await desk_of(request).staff.prefer(member.name, time_zone=fields.get("time_zone", ""))
    return go_to(request, _ME)


@router.post("/me/keys")
async def turn_keys(request: Request, member: Reader) -> Response:
    """Whether single keys act (WCAG 2.2, success criterion 2.1.4)."""
    fields, _ = await form(request)
    await desk_of(request).staff.prefer(member.name, keys=fields.get("keys") != "off")
    return go_to(request, fields.get("next", _ME))


@router.post("/me/sessions/end")
async def end_session(request: Request, member: Reader, session: Signed) -> Response:
    """End one of the member's sessions, or all but this one."""
    fields, _ = await form(request)
    sessions = desk_of(request).staff.sessions
    if fields.get("session") == "others":
        await sessions.end_others(member.name, member.actor, session.session_id)
    else:
        await sessions.end(fields.get("session", ""), member.actor, name=member.name)
    return go_to(request, _ME)
