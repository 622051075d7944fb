"""The report: what the desk did in a stretch of time, by kind, and the figures of a year's complaints."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import Annotated
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from services.cases.case_measures import AGES
from services.desk.csv_answer import csv_answer
from services.desk.frame import on_clock, page, words
from services.desk.report import LONGEST_DAYS, Report, Reports, rows_of, rows_of_year
from services.desk.report_figures import waiting_of
from services.desk.service import Desk, desk_of
from services.desk.today_writer import Writer
from services.staff.access import Reader
from services.staff.members import Member

router = APIRouter(prefix="/desk", include_in_schema=False)
Day = Annotated[str, Query(max_length=10, pattern=r"^(\d{4}-\d\d-\d\d)?$")]
#: Roles that see what each person did.
_SEES_PEOPLE = frozenset({"senior", "security", "admin", "auditor"})
_FIRST_YEAR = 2000


@router.get("/report")
async def report_page(request: Request, member: Reader, since: Day = "", until: Day = "") -> Response:
    """The report of the days from `since` to `until`, both included; without them of the last thirty."""
    desk = desk_of(request)
    first, last = _days(desk, member, since, until)
    found = await _report(desk, member, first, last)
    clocks = on_clock(member)
    writer = Writer(words(member.locale), clocks["clock"], clocks["day"])
    year = _zone_day(desk.clock(), member).year
    complaints = await Reports(desk.database, desk.clock).year(year - 1)
    return await page(
        request,
        member,
        "report",
        "report",
        report=found,
        first=first.isoformat(),
        last=last.isoformat(),
        span=writer.span,
        ages=[name for name, _ in AGES],
        waiting=waiting_of(found.kinds),
        sees_people=member.role in _SEES_PEOPLE,
        year=complaints,
        longest=LONGEST_DAYS,
    )


@router.get("/report.csv")
async def report_csv(request: Request, member: Reader, since: Day = "", until: Day = "") -> Response:
    """The same in figures, for spreadsheets."""
    desk = desk_of(request)
    first, last = _days(desk, member, since, until)
    found = await _report(desk, member, first, last)
    return csv_answer(request, f"desk-{first}-{last}", rows_of(found))


@router.get("/report/complaints.csv")
async def complaints_csv(
    request: Request, _member: Reader, year: Annotated[int, Query(ge=_FIRST_YEAR, le=9998)]
) -> Response:
    """A year's complaints in figures, as payment institutions publish them."""
    desk = desk_of(request)
    return csv_answer(
        request, f"complaints-{year}", rows_of_year(await Reports(desk.database, desk.clock).year(year))
    )


async def _report(desk: Desk, member: Member, first: date, last: date) -> Report:
    zone = ZoneInfo(member.time_zone)
    since = datetime.combine(first, time(), zone).timestamp()
    until = datetime.combine(last + timedelta(days=1), time(), zone).timestamp()
    return await Reports(desk.database, desk.clock).of(since, until, loads=member.role in _SEES_PEOPLE)


def _days(desk: Desk, member: Member, since: str, until: str) -> tuple[date, date]:
    """The first and the last day; what is no day of a calendar is as if it were not given."""
    today = _zone_day(desk.clock(), member)
    last = _day(until) or today
    first = _day(since) or last - timedelta(days=29)
    return min(first, last), max(first, last)


def _day(said: str) -> date | None:
    try:
        found = datetime.strptime(said, "%Y-%m-%d").replace(tzinfo=UTC).date()
    except ValueError:
        return None
    return found if _FIRST_YEAR <= found.year < 9999 else None


def _zone_day(now: float, member: Member) -> date:
    return datetime.fromtimestamp(now, ZoneInfo(member.time_zone)).date()
