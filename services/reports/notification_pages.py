"""How an owner is told of what is no emergency: kinds and channels, quiet hours, and a phrase of their own."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from typing import Any
from zoneinfo import available_timezones

from fastapi import APIRouter, Request
from starlette.responses import Response

from services.cases.case_service import CaseService
from services.cases.preferences import CHOSEN, KINDS, Kind, PhraseRefused, Preferences, Wanted
from services.portal.centre_frame import CENTRE_PREFIX, CentreRoute, centre_form, centre_page, centre_session
from services.portal.forms import Limits
from services.portal.portal import portal_of
from services.portal.sessions import Session
from services.reports.browsers import browsers_of
from services.reports.readers import reader_of

router = APIRouter(prefix=CENTRE_PREFIX, route_class=CentreRoute, include_in_schema=False)
_LIMITS = Limits(body_bytes=8192, fields=40)
_TIME = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])")
#: The channels that a page offers; the others are the wallet's to offer.
_CHANNELS = tuple(channel for channel in CHOSEN if channel != "chat")
_NIGHT = (22 * 60 + 30, 7 * 60)
#: Zones of people; the rest are other names of these.
_AREAS = ("Africa/", "America/", "Asia/", "Atlantic/", "Australia/", "Europe/", "Indian/", "Pacific/")


@router.get("/notifications")
async def notifications_page(request: Request) -> Response:
    """What the owner has chosen."""
    session = await centre_session(request)
    chosen = await _cases(request).preferences(session.visit.account_id)
    return await _shown(request, session, _values(chosen))


@router.post("/notifications")
async def save(request: Request) -> Response:
    """Put what the owner chooses in place of it; what is wrong is said beside what was typed."""
    session, fields = await centre_form(request, _LIMITS, "phrase")
    cases, account_id = _cases(request), session.visit.account_id
    before = await cases.preferences(account_id)
    times = [_minutes(fields.get(name, "")) for name in ("from", "to")]
    quiet = "quiet" in fields
    if quiet and (None in times or times[0] == times[1]):
        return await _shown(request, session, fields, "quiet", "notifications.quiet_wrong")
    zone = fields.get("zone") or None
    if zone is not None and zone not in _zones():
        return await _shown(request, session, fields, "zone", "notifications.zone_wrong")
    wanted = Wanted(
        alerts={kind: _channels(kind, fields, before) for kind in KINDS},
        quiet_from=times[0] if quiet else None,
        quiet_to=times[1] if quiet else None,
        time_zone=zone,
        phrase=fields.get("phrase") or None,
    )
    try:
        saved = await cases.set_preferences(account_id, wanted, "page")
    except PhraseRefused as refused:
        refusal = f"phrase_{refused.why}"
        return await _shown(request, session, fields, "phrase", f"notifications.{refusal}")
    return await _shown(request, session, _values(saved), at=saved.changed_at)


def _channels(kind: Kind, fields: Mapping[str, str], before: Preferences) -> frozenset[str]:
    """The channels that are ticked, and those that the page does not offer as they were."""
    ticked = {channel for channel in _CHANNELS if f"{kind}-{channel}" in fields}
    return frozenset(ticked | (before.alerts[kind] - set(_CHANNELS)))


def _values(chosen: Preferences) -> dict[str, str]:
    """What was chosen, as the fields of the form."""
    values = {
        f"{kind}-{channel}": "on" for kind in KINDS for channel in _CHANNELS if chosen.wants(kind, channel)
    }
    hours = chosen.quiet_from, chosen.quiet_to
    if hours[0] is not None and hours[0] != hours[1]:
        values["quiet"] = "on"
    begin, end = (_NIGHT[at] if value is None else value for at, value in enumerate(hours))
    return values | {
        "from": _clock(begin),
        "to": _clock(end),
        "zone": chosen.time_zone or "",
        "phrase": chosen.phrase or "",
    }


async def _shown(
    request: Request,
    session: Session,
    values: Mapping[str, str],
    wrong: str = "",
    error: str = "",
    at: float | None = None,
) -> Response:
    async with portal_of(request).database.read() as connection:
        reader = await reader_of(request, session, connection)
        browsers = await browsers_of(connection, session.visit.account_id, reader)
    shown: dict[str, Any] = {
        "values": values,
        "kinds": KINDS,
        "channels": _CHANNELS,
        "zones": _zones(),
        "browsers": browsers,
        "zone_now": reader.zone(portal_of(request).visits.clock()),
        "wrong": wrong,
        "error": error,
        "saved": None if at is None else reader.moment(at),
    }
    return centre_page(
        request, session, "centre/notifications", "notifications", status=400 if wrong else 200, **shown
    )


@cache
def _zones() -> list[str]:
    return [*sorted(zone for zone in available_timezones() if zone.startswith(_AREAS)), "UTC"]


def _minutes(typed: str) -> int | None:
    found = _TIME.fullmatch(typed)
    return None if found is None else int(found[1]) * 60 + int(found[2])


def _clock(minutes: int) -> str:
    return f"{minutes // 60:02d}:{minutes % 60:02d}"


def _cases(request: Request) -> CaseService:
    cases: CaseService = request.app.state.cases
    return cases
