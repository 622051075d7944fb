"""Members of the desk, for administrators: who works here, how they sign in, what they may do, and where they are signed in."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from fastapi import APIRouter, Request
from starlette.responses import Response

from contracts.errors import Malformed
from services.desk.frame import PREFIX, form, go_to, page, words
from services.desk.service import Desk, desk_of
from services.http.problems import Problem
from services.staff.access import Admin
from services.staff.administration import RESET, NotThis
from services.staff.members import ROLES, Kept, Member, NameTaken, NoMember, made
from services.staff.staff import INVITED_S

router = APIRouter(prefix=f"{PREFIX}/staff", include_in_schema=False)
ActName = Literal["role", "suspend", "resume", "end", "link", "reset"]
_STATES = {"ready": "ok", "invited": "", "over": "bad", "suspended": "bad"}
_SAID = ("role", "suspend", "resume", "end", "reset", "asked")
_LOCALES = ("en", "zh-CN")


@router.get("")
async def staff_page(request: Request, member: Admin) -> Response:
    """Everybody who works here or did."""
    return await _listed(request, member)


@router.post("")
async def add(request: Request, member: Admin) -> Response:
    """Add a member, and show the link of their first sign-in this once."""
    fields, _ = await form(request)
    desk, t = desk_of(request), words(member.locale)
    try:
        new = made(
            fields.get("name", ""),
            fields.get("role", ""),
            fields.get("shown", ""),
            fields.get("locale") or member.locale,
            member.time_zone,
        )
        code = await desk.staff.add(new, member.actor)
    except Malformed as wrong:
        return await _listed(request, member, t(f"staff.{wrong.reason}"), fields, 400)
    except NameTaken:
        return await _listed(request, member, t("staff.taken"), fields, 409)
    return await _link(request, member, new.name, code)


@router.get("/{name}")
async def member_page(request: Request, member: Admin, name: str, said: str = "") -> Response:
    """One member: their sessions, and what an administrator may do."""
    t = words(member.locale)
    return await _one(request, member, name, t(f"staff.said_{said}") if said in _SAID else "")


@router.post("/{name}/{act}")
async def do(request: Request, member: Admin, name: str, act: ActName) -> Response:
    """Do it; where it may not be done, the member's page says why."""
    fields, _ = await form(request)
    desk, t = desk_of(request), words(member.locale)
    try:
        if act == "link":
            return await _link(request, member, name, await desk.members.link(name, member))
        said = await _act(desk, act, name, fields, member)
    except NoMember:
        raise _unknown() from None
    except NotThis as error:
        return await _one(request, member, name, wrong=t(f"staff.not_{error.why}"), status=409)
    except Malformed as wrong:
        return await _one(request, member, name, wrong=t(f"staff.{wrong.reason}"), status=400)
    return go_to(request, f"{PREFIX}/staff/{name}?said={said}")


async def _act(desk: Desk, act: ActName, name: str, fields: Mapping[str, str], by: Member) -> str:
    """Carry it out; the key of what to say then."""
    if act == "role":
        await desk.members.set_role(name, fields.get("role", ""), by)
    elif act == "suspend":
        await desk.members.suspend(name, by)
    elif act == "resume":
        await desk.members.resume(name, by)
    elif act == "end":
        await _end(desk, name, fields.get("session", ""), by)
    else:
        why = " ".join(fields.get("why", "").split())
        if not why:
            raise Malformed("no_why", "say why")
        asked = await desk.members.ask_reset(name, why, by)
        return "reset" if asked is None else "asked"
    return act


async def _end(desk: Desk, name: str, session: str, by: Member) -> None:
    if session == "all":
        await desk.staff.sessions.end_others(name, by.actor)
    else:
        await desk.staff.sessions.end(session, by.actor, name=name)


async def _listed(
    request: Request,
    member: Member,
    wrong: str = "",
    typed: Mapping[str, str] | None = None,
    status: int = 200,
) -> Response:
    desk = desk_of(request)
    seen, now = await desk.staff.sessions.seen(), desk.clock()
    people = [_row(each, seen, now) for each in await desk.staff.listed()]
    return await page(
        request,
        member,
        "staff",
        "staff",
        status,
        people=sorted(people, key=lambda each: each["state"] == "suspended"),
        roles=ROLES,
        wrong=wrong,
        typed={"name": "", "shown": "", "role": "agent", "locale": member.locale} | dict(typed or {}),
        locales=_LOCALES,
        hours=round(INVITED_S / 3600),
        company=desk.staff.company is not None,
    )


async def _one(
    request: Request, member: Member, name: str, said: str = "", wrong: str = "", status: int = 200
) -> Response:
    desk = desk_of(request)
    try:
        kept = await desk.staff.kept(name)
    except NoMember:
        raise _unknown() from None
    asked = [each for each in await desk.holds.approvals() if each.act == RESET and each.subject == name]
    return await page(
        request,
        member,
        "staff-member",
        "staff",
        status,
        one=_row(kept, await desk.staff.sessions.seen(), desk.clock()),
        kept=kept,
        own=name == member.name,
        sessions=await desk.staff.sessions.listed(name),
        roles=ROLES,
        two=desk.members.two_people,
        asked=asked[0] if asked else None,
        said=said,
        wrong=wrong,
    )


async def _link(request: Request, member: Member, name: str, code: str) -> Response:
    link = f"{desk_of(request).url}{PREFIX}/first/{code}"
    hours = round(INVITED_S / 3600)
    return await page(request, member, "staff-link", "staff", name=name, link=link, hours=hours)


def _row(kept: Kept, seen: Mapping[str, tuple[float, int]], now: float) -> dict[str, Any]:
    """A member as a row: `state` is ready, invited, over (nobody can use the link any more) or suspended."""
    used, count = seen.get(kept.member.name, (kept.signed_in_at, 0))
    invited = kept.invited_until is not None and kept.invited_until > now
    state = (
        "suspended"
        if kept.disabled_at is not None
        else "ready"
        if kept.ready
        else "invited"
        if invited
        else "over"
    )
    return {"member": kept.member, "company": kept.company, "used": used, "open": count} | {
        "state": state,
        "tone": _STATES[state],
    }


def _unknown() -> Problem:
    return Problem(404, "unknown_member", "there is no such member")
