"""Asking for what is masked with a reason, and the page that says who saw what."""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.responses import Response

from notifier import spelled
from services.cases.case_rows import case_of
from services.cases.references import case_number
from services.cases.states import Case
from services.desk import reveals
from services.desk.account_view import FIELDS, addresses
from services.desk.case_file import points_of_account
from services.desk.case_paths import CaseId
from services.desk.frame import form, go_to, page, words
from services.desk.service import desk_of
from services.desk.story_parts import one_line
from services.http.problems import Problem
from services.staff.access import Agent, Reader
from services.staff.members import Member

router = APIRouter(prefix="/desk", include_in_schema=False)
_MOST_ROWS = 200
#: Who sees what everybody had shown; others see their own.
_EVERYBODY = frozenset({"auditor", "security", "admin"})


def _known_field(field: str) -> str:
    if field not in FIELDS:
        raise Problem(404, "unknown_field", f"what can be shown is {', '.join(FIELDS)}")
    return field


def _existing(case: Case | None) -> Case:
    if case is None:
        raise Problem(404, "unknown_case", "there is no such case")
    return case


@router.get("/cases/{case_id:segment}/reveal/{field}")
async def reveal_page(request: Request, member: Agent, case_id: CaseId, field: str) -> Response:
    """What showing it means, and what for."""
    desk, now = desk_of(request), desk_of(request).clock()
    t = words(member.locale)
    async with desk.database.read() as connection:
        _existing(await case_of(connection, case_id, lock=False))
        count = await reveals.count_of(connection, member.actor, now)
    after = reveals.Count(count.today + 1, count.usual)
    return await page(
        request,
        member,
        "reveal",
        "queue",
        case_id=case_id,
        field=_known_field(field),
        what=t(f"account.{field}"),
        seconds=round(reveals.SHOWN_S),
        whys=reveals.WHYS,
        count=count,
        usual=f"{count.usual:.1f}".rstrip("0").rstrip("."),
        unusual=after.unusual,
    )


@router.post("/cases/{case_id:segment}/reveal/{field}")
async def reveal_field(request: Request, member: Agent, case_id: CaseId, field: str) -> Response:
    """Show it on the case's page for a minute."""
    fields, _ = await form(request)
    why = next((each for each in reveals.WHYS if each == fields.get("why")), None)
    if why is None:
        raise Problem(422, "why", f"why must be one of {', '.join(reveals.WHYS)}")
    desk, name = desk_of(request), _known_field(field)
    async with desk.database.begin() as connection:
        case = _existing(await case_of(connection, case_id, lock=False))
        if name not in addresses(await points_of_account(connection, case.account_id)):
            return go_to(request, f"/desk/cases/{case_id}?said=gone")
        now = desk.clock()
        await reveals.reveal(connection, member, case.account_id, case_id, name, why, now)
    return go_to(request, f"/desk/cases/{case_id}")


@router.get("/reveals")
async def reveals_page(request: Request, member: Reader) -> Response:
    """Who saw what: everybody's for those who watch over it, one's own for all others."""
    desk, now = desk_of(request), desk_of(request).clock()
    everybody = member.role in _EVERYBODY
    who = None if everybody else member.actor
    async with desk.database.read() as connection:
        people = await reveals.people(connection, now, who)
        rows = await reveals.newest(connection, _MOST_ROWS, who)
    return await page(
        request,
        member,
        "reveals",
        "",
        everybody=everybody,
        people=[_person(each) for each in people],
        rows=[_row(each, member) for each in rows],
    )


def _name(actor: str) -> str:
    return one_line(actor.partition(":")[2] or actor)


def _person(person: reveals.Person) -> dict[str, object]:
    count = person.count
    return {
        "who": _name(person.actor),
        "today": count.today,
        "usual": f"{count.usual:.1f}",
        "unusual": count.unusual,
    }


def _row(row: reveals.Reveal, member: Member) -> dict[str, str]:
    t = words(member.locale)
    day = spelled.day(row.at, member.locale, member.time_zone)
    return {
        "when": f"{day} {spelled.clock(row.at, member.time_zone, seconds=True)}",
        "who": _name(row.actor),
        "field": t(f"account.{row.field}") if f"account.{row.field}" in t else row.field,
        "account": spelled.account(row.account_id, member.locale),
        "why": t(f"reveal.why_{row.why}") if f"reveal.why_{row.why}" in t else row.why,
        "case_id": row.case_id,
        "number": case_number(row.case_id),
    }
