"""What happened to the account, in words, by day: filtered and searched by the page's address."""

from __future__ import annotations

from collections.abc import Container, Sequence
from typing import Annotated, Any, get_args
from urllib.parse import urlencode

from fastapi import APIRouter, Query, Request
from msgspec import Struct
from msgspec.structs import replace
from sqlalchemy.ext.asyncio import AsyncConnection
from starlette.responses import Response

from contracts.errors import Malformed, Unavailable
from notifier import spelled
from notifier.facts import Reader
from services.activity.rows import Row
from services.centre.history import Found, Search, Shown, page_of
from services.centre.lines import Line, line_of, line_of_message
from services.centre.questions import asked_events
from services.centre.reading import reader_of
from services.centre.service import centre_of
from services.portal.centre_frame import (
    CENTRE_PREFIX,
    RETRY_S,
    SECTIONS,
    CentreRoute,
    centre_page,
    centre_session,
)
from services.portal.wording import Wording, wording

router = APIRouter(prefix=CENTRE_PREFIX, route_class=CentreRoute, include_in_schema=False)
_PAGE = 30
_MOST_TYPED = 100
_FILTERS: tuple[Shown, ...] = get_args(Shown)
_ALL: Shown = "all"


class Day(Struct, frozen=True):
    """A day of the reader's clock and what happened on it, newest first."""

    name: str
    lines: Sequence[Line]


@router.get("/activity")
async def activity(
    request: Request,
    show: Annotated[str, Query()] = _ALL,
    q: Annotated[str, Query()] = "",
    after: Annotated[str, Query()] = "",
) -> Response:
    """The list, or why there is none."""
    session = await centre_session(request)
    centre, account_id = centre_of(request), session.visit.account_id
    chosen: Shown = next((each for each in _FILTERS if each == show), _ALL)
    typed = " ".join(q.split())[:_MOST_TYPED]
    now = centre.clock()
    days: list[Day] = []
    found, reader, state = None, reader_of(request, session, "UTC"), "list"
    asked: frozenset[str] = frozenset()
    try:
        async with centre.database.read() as connection:
            reader = reader_of(request, session, await centre.time_zone(connection, account_id))
            found = await _page(connection, account_id, chosen, _search(typed, reader), after, now)
            asked = await asked_events(connection, account_id, now)
    except Malformed:
        state = "empty"
    except Unavailable:
        state = "error"
    t = wording(reader.words.locale)
    if found is not None:
        days = by_day(found, asked, t, reader, now)
        state = "list" if days else "empty"
    values: dict[str, Any] = {"state": state, "days": days, "show": chosen, "typed": typed}
    response = centre_page(
        request,
        session,
        "centre/activity",
        "activity",
        filters=[(each, _address(each, typed)) for each in _FILTERS],
        zone=reader.zone(now),
        wrong=f"{CENTRE_PREFIX}/{_wrong()}",
        older=None if found is None or found.cursor is None else _address(chosen, typed, found.cursor),
        status=503 if state == "error" else 200,
        **values,
    )
    if state == "error":
        response.headers["Retry-After"] = RETRY_S
    return response


async def _page(
    connection: AsyncConnection, account_id: str, show: Shown, search: Search | None, after: str, now: float
) -> Found:
    return await page_of(connection, account_id, show, now, search=search, cursor=after or None, limit=_PAGE)


def by_day(found: Found, asked: Container[str], t: Wording, reader: Reader, now: float) -> list[Day]:
    """The page's lines under the days of the reader's clock; what was `asked` about leads to its answer."""
    days: list[Day] = []
    lines: list[Line] = []
    name = ""
    for item in found.items:
        line = (
            line_of(item, found.fates.get(item.event_id), t, reader)
            if isinstance(item, Row)
            else line_of_message(item, found.told.get(item.notice_id), t, reader)
        )
        if (called := _day_name(item.at, now, t, reader)) != name or not days:
            name, lines = called, []
            days.append(Day(name, lines))
        lines.append(replace(line, asks=item.event_id) if item.event_id in asked else line)
    return days


def _day_name(at: float, now: float, t: Wording, reader: Reader) -> str:
    day = reader.day(at)
    ago = (spelled.date_of(now, reader.time_zone) - spelled.date_of(at, reader.time_zone)).days
    if ago == 0:
        return t("activity.today", day=day)
    return t("activity.yesterday", day=day) if ago == 1 else day


def _wrong() -> str:
    """Where "something wrong?" leads: to the report of a problem, else to "this wasn't me"."""
    return "report" if any(each.name == "report" for each in SECTIONS) else "not-mine"


def _search(typed: str, reader: Reader) -> Search | None:
    """What is searched for, with the English names of places that the reader calls otherwise."""
    if not typed:
        return None
    words, wanted = reader.words, typed.casefold()
    return Search(
        typed,
        [city for city, name in words.cities.items() if wanted in name.casefold()],
        [code for code, name in words.countries.items() if wanted in name.casefold()],
    )


def _address(show: Shown, typed: str, after: str = "") -> str:
    wanted = {"show": "" if show == _ALL else show, "q": typed, "after": after}
    query = urlencode({name: value for name, value in wanted.items() if value})
    return f"{CENTRE_PREFIX}/activity" + (f"?{query}" if query else "")
