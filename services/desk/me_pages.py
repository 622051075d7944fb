"""A member's own: sessions, language, time zone, and whether single keys act."""

from __future__ import annotations

from zoneinfo import available_timezones

from fastapi import APIRouter, Request
from starlette.responses import Response

from services.desk.frame import PREFIX, form, go_to, page
from services.desk.service import desk_of
from services.desk.sign_in_pages import keep_language
from services.staff.access import Reader, Signed

router = APIRouter(prefix=PREFIX, include_in_schema=False)
_ME = f"{PREFIX}/me"


@router.get("/me")
async def me(request: Request, member: Reader, session: Signed) -> Response:
    """What is the member's own."""
    desk = desk_of(request)
    return await page(
        request,
        member,
        "me",
        "me",
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
