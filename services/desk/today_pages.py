"""The page of today, and its figures as CSV."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from services.desk.csv_answer import csv_answer
from services.desk.frame import on_clock, page, words
from services.desk.service import desk_of
from services.desk.today import Today, Todays, rows_of_today
from services.desk.today_view import panels_of
from services.desk.today_writer import Writer
from services.portal.wording import Wording
from services.staff.access import Reader

router = APIRouter(prefix="/desk", include_in_schema=False)
Days = Annotated[Literal["1", "7"], Query()]


@router.get("/today")
async def today_page(request: Request, member: Reader, days: Days = "1") -> Response:
    """Four questions, answered."""
    found = await _todays(request).of(int(days))
    t, clocks = words(member.locale), on_clock(member)
    writer = Writer(t, clocks["clock"], clocks["day"])
    return await page(
        request,
        member,
        "today",
        "today",
        panels=panels_of(found, writer, desk_of(request).runbooks),
        unknown=found.machine.events is None,
        days=days,
        now=found.window.now,
        changes=[(clocks["moment"](each.at), _change(each.action, each.by, t)) for each in found.changes],
        began=clocks["moment"](found.began_at),
    )


@router.get("/today.csv")
async def today_csv(request: Request, _member: Reader, days: Days = "1") -> Response:
    """The same in figures, for spreadsheets."""
    found: Today = await _todays(request).of(int(days))
    return csv_answer(request, f"today-{days}", rows_of_today(found))


def _change(action: str, by: str, t: Wording) -> str:
    what = t(f"today.act_{action}") if f"today.act_{action}" in t else action.replace("_", " ")
    return t("today.act", what=what, by=by.removeprefix("staff:").removeprefix("key:"))


def _todays(request: Request) -> Todays:
    """The figures of this process, read once for all who look at once."""
    state = request.app.state
    if getattr(state, "todays", None) is None:
        desk = desk_of(request)
        state.todays = Todays(desk.database, desk.clock, state.resources.consumers)
    todays: Todays = state.todays
    return todays
