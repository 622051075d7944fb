"""The page of a case's evidence pack: a look at it as it would be printed, the files, and asking for a copy without masks."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from services.desk.frame import form, go_to, headers, page, words
from services.desk.pack_routes import answer, made, packs_of
from services.desk.packs import NotAllowed, Wanted
from services.http.identifiers import plain
from services.http.problems import Problem
from services.portal.wording import LOCALES
from services.staff.access import Agent, Reader
from services.staff.members import Member

router = APIRouter(prefix="/desk", include_in_schema=False)
Locale = Annotated[Literal["en", "zh-CN"] | None, Query()]
IsMasked = Annotated[Literal["1", "0"], Query()]
_LONGEST_WHY = 1000


@router.get("/cases/{case_id:segment}/pack")
async def pack_page(
    request: Request, member: Reader, case_id: str, locale: Locale = None, masked: IsMasked = "1"
) -> Response:
    """The pack on a sheet of paper; nothing is noted before a file is made."""
    return await _shown(request, member, plain(case_id), locale or member.locale, masked)


@router.get("/cases/{case_id:segment}/pack.pdf")
async def pack_pdf(
    request: Request, member: Agent, case_id: str, locale: Locale = None, masked: IsMasked = "1"
) -> Response:
    """The pack as PDF/A; its hash goes into the audit."""
    return await _file(request, _wanted(member, plain(case_id), locale, masked), pdf=True)


@router.get("/cases/{case_id:segment}/pack.json")
async def pack_json(
    request: Request, member: Agent, case_id: str, locale: Locale = None, masked: IsMasked = "1"
) -> Response:
    """The pack for machines; its hash goes into the audit."""
    return await _file(request, _wanted(member, plain(case_id), locale, masked), pdf=False)


@router.post("/cases/{case_id:segment}/pack/unmasked")
async def ask_unmasked(request: Request, member: Agent, case_id: str) -> Response:
    """Ask a second person to allow complete copies."""
    fields, _ = await form(request)
    why, case_id = fields.get("why", "").strip()[:_LONGEST_WHY], plain(case_id)
    if not why:
        return await _shown(request, member, case_id, member.locale, "1", wrong=True, status=422)
    if await packs_of(request).ask_unmasked(case_id, member.actor, why) is None:
        raise _unknown()
    return go_to(request, f"/desk/cases/{case_id}/pack")


async def _shown(
    request: Request,
    member: Member,
    case_id: str,
    locale: str,
    masked: str,
    *,
    wrong: bool = False,
    status: int = 200,
) -> Response:
    packs = packs_of(request)
    allowed, asked = await packs.allowed(case_id, member.actor), await packs.asked(case_id)
    wanted = _wanted(member, case_id, locale, masked)
    try:
        pack = await packs.look(wanted)
    except NotAllowed:
        pack, masked = await packs.look(_wanted(member, case_id, locale, "1")), "1"
    if pack is None:
        raise _unknown()
    return await page(
        request,
        member,
        "pack",
        "",
        status,
        pack=pack,
        p=words(locale),
        pack_locale=locale,
        other_locale=next(each for each in LOCALES if each != locale),
        masked=masked,
        allowed=allowed,
        asked=asked,
        mine=asked is not None and asked.asked_by == member.actor,
        may=member.allows("support"),
        wrong=wrong,
        at=_at,
    )


def _wanted(member: Member, case_id: str, locale: str | None, masked: str) -> Wanted:
    return Wanted(
        case_id=case_id,
        by=member.actor,
        locale=locale or member.locale,
        time_zone=member.time_zone,
        masked=masked == "1",
    )


async def _file(request: Request, wanted: Wanted, *, pdf: bool) -> Response:
    found = answer(await made(packs_of(request), wanted, pdf=pdf))
    for name, value in headers(request).items():
        found.headers.setdefault(name, value)
    return found


def _at(moment: str | None) -> str:
    """A time of the pack as people read it: "2026-11-29 03:20:11 +08:00"."""
    return "–" if moment is None else f"{moment[:10]} {moment[11:19]} {moment[19:]}"


def _unknown() -> Problem:
    return Problem(404, "unknown_case", "there is no such case")
