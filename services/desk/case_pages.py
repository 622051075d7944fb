"""A case's page, which changes nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from msgspec import Struct
from msgspec.structs import replace
from starlette.responses import Response

from contracts.errors import Unavailable
from contracts.profile import Key
from contracts.sightings import Seen
from services.cases.case_rows import case_of
from services.centre.devices import trusting
from services.connect.standing import Standing, of_case
from services.desk.account_view import addresses
from services.desk.act_views import ActsRead, acts_values, read_acts
from services.desk.case_file import CaseFile, read_file
from services.desk.case_paths import CaseId
from services.desk.case_view import Known, case_values, telling
from services.desk.frame import page, words
from services.desk.kind_pages import kind_view, read_kind
from services.desk.kind_reading import Around
from services.desk.kind_views import template_of
from services.desk.reveals import shown_now
from services.desk.service import Desk, desk_of
from services.desk.story import ALL_DAYS, MORE_DAYS, SHOWN_DAYS
from services.desk.surroundings import Surroundings, read_surroundings
from services.desk.ticket_view import ticket_rows
from services.http.problems import Problem
from services.staff.access import Reader
from services.staff.members import Member

router = APIRouter(prefix="/desk", include_in_schema=False)


_SAID = {"gone": "reveal.gone"}


class CaseRead(Struct, frozen=True, kw_only=True):
    """All that a case's page tells: the case, what stands around it, acts, what its kind needs, its tickets in other help desks,
    and what the member has shown in clear until when. `away`: which devices are trusted is not known."""

    file: CaseFile
    around: Surroundings
    acts: ActsRead
    kind: Around | None
    tickets: Sequence[Standing]
    clear_until: Mapping[str, float]
    away: bool = False


async def read_case(desk: Desk, case_id: str, member: Member, now: float, days: int = SHOWN_DAYS) -> CaseRead:
    """Everything in one look at SQL, and what the stream knows of devices. Raises Problem 404 for a case that there is not."""
    async with desk.database.read() as connection:
        case = await case_of(connection, case_id, lock=False)
        if case is None:
            raise Problem(404, "unknown_case", "there is no such case")
        file = await read_file(connection, case, now, days)
        around = await read_surroundings(connection, file, now)
        read = CaseRead(
            file=file,
            around=around,
            acts=await read_acts(connection, desk.acts.ground, file, around, member.actor, now),
            kind=await read_kind(connection, file, now),
            tickets=await of_case(connection, case_id),
            clear_until=await shown_now(connection, member.actor, case_id, now),
        )
    known, away = await _known_devices(desk, case.account_id)
    return replace(read, around=replace(around, devices=trusting(around.devices, known, now)), away=away)


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
    read = await read_case(desk, case_id, member, now, days)
    file, until = read.file, read.clear_until
    t = words(member.locale)
    tell = telling(t, member.locale, member.time_zone, file, member.actor)
    points = addresses(file.points)
    clear = {field: points[field].address for field in until if field in points}
    values: dict[str, Any] = case_values(
        file,
        read.around,
        Known(desk.reasons, desk.limits),
        tell,
        now,
        days=days,
        event_id=event,
        clear=clear,
    )
    values |= kind_view(desk, read.kind, values["head"], tell, member, now)
    response = await page(
        request,
        member,
        template_of(file.case.kind),
        "queue",
        **values,
        **acts_values(read.acts, member),
        may_act=member.allows("support"),
        devices_away=read.away,
        tickets=ticket_rows(read.tickets, tell),
        clear_until={field: tell.clock(at, seconds=True) for field, at in until.items()},
        said=t(_SAID[said]) if said in _SAID else None,
    )
    if clear:
        # What is in clear goes by itself, scripts or not.
        response.headers["Refresh"] = str(max(1, round(min(until.values()) - now)))
    return response
