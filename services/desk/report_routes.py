"""HTTP of the desk's report, for whoever reads figures with a program: CSV, one figure a row."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from services.cases.routes import Supporter
from services.desk.pack_routes import packs_of
from services.desk.report import Reports, csv_of, rows_of, rows_of_year
from services.http.problems import RESPONSES, Problem

router = APIRouter(prefix="/v1", tags=["packs"], responses=RESPONSES)
_CSV = {"content": {"text/csv": {"schema": {"type": "string"}}}}
_EARLIEST, _LATEST = 2000, 9998


@router.get(
    "/desk/report.csv",
    response_class=Response,
    responses={200: {"description": "Table, of what, figure and value.", **_CSV}},
)
async def get_report(
    request: Request,
    key: Supporter,
    since: Annotated[date, Query(description="The first day, UTC.")],
    until: Annotated[date, Query(description="The last day, included; at most 366 days are told.")],
) -> Response:
    """What the desk did in these days: by kind of case, detector and, for an admin key, person. Times are seconds."""
    if since > until or since.year < _EARLIEST or until.year > _LATEST:
        raise Problem(400, "unusable_days", "`since` is a day of 2000 or later, and not after `until`")
    first = datetime.combine(since, time(), UTC).timestamp()
    beyond = datetime.combine(until + timedelta(days=1), time(), UTC).timestamp()
    found = await _reports(request).of(first, beyond, loads=key.allows("admin"))
    return _answer(csv_of(rows_of(found)), f"desk-{since}-{until}")


@router.get(
    "/desk/complaints.csv",
    response_class=Response,
    responses={200: {"description": "Table, of what, figure and value.", **_CSV}},
)
async def get_complaints(
    request: Request,
    _key: Supporter,
    year: Annotated[int, Query(ge=_EARLIEST, le=_LATEST, description="A year of UTC.")],
) -> Response:
    """A year's complaints: how many of each kind, the share that is closed, and how fast, as payment institutions publish."""
    return _answer(csv_of(rows_of_year(await _reports(request).year(year))), f"complaints-{year}")


def _reports(request: Request) -> Reports:
    packs = packs_of(request)
    return Reports(packs.database, packs.clock)


def _answer(body: bytes, name: str) -> Response:
    headers = {
        "Content-Disposition": f'attachment; filename="{name}.csv"',
        "Cache-Control": "no-store",
        "X-Content-Type-Options": "nosniff",
    }
    return Response(body, media_type="text/csv; charset=utf-8", headers=headers)
