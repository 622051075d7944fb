"""A case's page, which changes nothing, and asking the wallet once more for what it has not confirmed."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Query, Request
from starlette.responses import Response

from contracts.errors import Unavailable
from contracts.profile import Key
from contracts.sightings import Seen
from services.cases.case_rows import case_of
from services.desk.account_view import addresses
from services.desk.act_views import acts_values
from services.desk.asking_again import ask_again
from services.desk.case_file import CaseFile, read_file
from services.desk.case_view import Known, case_values, telling
from services.desk.frame import form, go_to, page, words
from services.desk.kind_pages import kind_view
from services.desk.kind_views import template_of
from services.desk.reveals import shown_now
from services.desk.service import Desk, desk_of
from services.desk.story import ALL_DAYS, MORE_DAYS, SHOWN_DAYS
from services.desk.surroundings import Surroundings, read_surroundings
from services.http.identifiers import plain
from services.http.problems import Problem
from services.staff.access import Agent, Reader
from services.staff.members import Member

router = APIRouter(prefix="/desk", include_in_schema=False)


async def _case_path(case_id: Annotated[str, Path(min_length=1, max_length=128)]) -> str:
    return plain(case_id)


CaseId = Annotated[str, Depends(_case_path)]
_SAID = {"asked": "case.asked_again", "confirmed": "case.not_asked_again", "gone": "reveal.gone"}


async def read_case(
    desk: Desk, case_id: str, member: Member, now: float, days: int = SHOWN_DAYS
) -> tuple[CaseFile, Surroundings, dict[str, float], bool]:
    """The case, what stands around it, what the member has shown in clear until when, and whether devices' trust is not known.

    Raises Problem 404 for a case that there is not.
    """
    async with desk.database.read() as connection:
        case = await case_of(connection, case_id, lock=False)
    if case is None:
        raise Problem(404, "unknown_case", "there is no such case")
    known, away = await _known_devices(desk, case.account_id)
    async with desk.database.read() as connection:
        file = await read_file(connection, case, now, days)
        around = await read_surroundings(connection, file, known, now)
        return file, around, await shown_now(connection, member.actor, case_id, now), away


async def _known_devices(desk: Desk, account_id: str) -> tuple[dict[Key, Seen], bool]:
    """The devices that the stream knows; whether its memory is away."""
    if desk.known is None:
        return {}, True
    try:
        return await desk.known.of(account_id), False
    except Unavailable:
        return {}, True


@router.get("/cases/{case_id:segment}")
async def case_page(
    request: Request,
    member: Reader,
    case_id: CaseId,
    days: Annotated[int, Query()] = SHOWN_DAYS,
    event: Annotated[str | None, Query(max_length=128)] = None,
    said: Annotated[str | None, Query(max_length=16)] = None,
) -> Response:
    """One case on one screen."""
    desk = desk_of(request)
    now = desk.clock()
    days = days if days in (MORE_DAYS, ALL_DAYS) else SHOWN_DAYS
    file, around, until, away = await read_case(desk, case_id, member, now, days)
    t = words(member.locale)
    tell = telling(t, member.locale, member.time_zone, file, member.actor)
    points = addresses(file.points)
    clear = {field: points[field].address for field in until if field in points}
    values: dict[str, Any] = case_values(
        file,
        around,
        Known(desk.reasons, desk.limits),
        tell,
        now,
        days=days,
        event_id=event,
        clear=clear,
    )
    values |= await kind_view(desk, file, values["head"], tell, member, now)
    response = await page(
        request,
        member,
        template_of(file.case.kind),
        "queue",
        **values,
        **await _acts(desk, file, member),
        may_act=member.allows("support"),
        devices_away=away,
        clear_until={field: tell.clock(at, seconds=True) for field, at in until.items()},
        said=t(_SAID[said]) if said in _SAID else None,
    )
    if clear:
        # What is in clear goes by itself, scripts or not.
        response.headers["Refresh"] = str(max(1, round(min(until.values()) - now)))
    return response


async def _acts(desk: Desk, file: CaseFile, member: Member) -> dict[str, Any]:
    async with desk.database.read() as connection:
        return await acts_values(connection, desk.acts, file.case, member)


@router.post("/cases/{case_id:segment}/ask-again")
async def ask_wallet_again(request: Request, member: Agent, case_id: CaseId) -> Response:
    """Ask the wallet once more for an action that it has not confirmed."""
    fields, _ = await form(request)
    desk = desk_of(request)
    async with desk.database.begin() as connection:
        case = await case_of(connection, case_id, lock=False)
        if case is None:
            raise Problem(404, "unknown_case", "there is no such case")
        action_id, now = fields.get("action_id", ""), desk.clock()
        asked = await ask_again(connection, case.account_id, action_id, member.actor, now)
    return go_to(request, f"/desk/cases/{case_id}?said={'asked' if asked else 'confirmed'}")
