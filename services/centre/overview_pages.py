"""The first page of the centre: how the account stands, in one sentence, and the one thing to do now."""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.responses import Response

from notifier.facts import Reader
from services.activity.rows import Row
from services.centre.faces import answers_shown, protected, stopped
from services.centre.history import Found, page_of
from services.centre.lines import Line, line_of
from services.centre.reading import reader_of, zone_of
from services.centre.service import centre_of
from services.centre.standing import Standing, standing_of
from services.centre.todos import agenda
from services.mfa.lifecycle import FactorLifecycle
from services.mfa.report_undo import ReportUndo
from services.portal.centre_frame import CENTRE_PREFIX, CentreRoute, centre_page, centre_session
from services.portal.sessions import Session
from services.portal.wording import Wording, wording

router = APIRouter(prefix=CENTRE_PREFIX, route_class=CentreRoute, include_in_schema=False)
_RECENT = 3
#: While the wallet has not confirmed a stop, the page looks again by itself, for so long after the order.
LOOK_AGAIN_S, LOOKS_FOR_S = 5, 120.0


@router.get("")
async def overview(request: Request) -> Response:
    """How the account stands."""
    return await overview_page(request, await centre_session(request))


async def overview_page(
    request: Request, session: Session, *, error: str = "", form: str = "", status: int = 200
) -> Response:
    """The page; `error` is why the code of the `form` (unlock, undo) was refused."""
    centre, account_id = centre_of(request), session.visit.account_id
    now = centre.clock()
    lifecycle: FactorLifecycle = request.app.state.lifecycle
    async with centre.database.read() as connection:
        factor = await lifecycle.status_in(connection, account_id)
        standing = await standing_of(connection, account_id, centre.unfreezing, now)
        recent = await page_of(connection, account_id, "all", now, limit=_RECENT, with_messages=False)
    reader = reader_of(request, session, zone_of(standing.chosen, standing.points))
    t = wording(reader.words.locale)
    undo: ReportUndo = request.app.state.report_undo
    word = None if standing.frozen is None else standing.frozen.word
    frozen = stopped(standing, factor, undo.open_until(word), t, reader)
    todo = agenda(standing, factor, None if frozen is None else frozen.state, t, reader)
    response = centre_page(
        request,
        session,
        "centre/overview",
        "overview",
        needs=todo.state != "well",
        wide=True,
        status=status,
        state=todo.state,
        frozen=frozen,
        ask=todo.ask,
        todo=todo.first,
        rows=todo.rows,
        proof=_proof(standing, t, reader),
        recent=_lines(recent, t, reader),
        answered=answers_shown(standing, reader, t),
        protection=protected(standing, factor, t),
        error=error,
        form=form,
    )
    if todo.state == "stopping" and now - _placed(standing) < LOOKS_FOR_S and not error:
        response.headers["Refresh"] = str(LOOK_AGAIN_S)
    return response


def _lines(recent: Found, t: Wording, reader: Reader) -> list[Line]:
    return [
        line_of(each, recent.fates.get(each.event_id), t, reader)
        for each in recent.items
        if isinstance(each, Row)
    ]


def _placed(standing: Standing) -> float:
    return 0.0 if standing.frozen is None else standing.frozen.hold.placed_at


def _proof(standing: Standing, t: Wording, reader: Reader) -> str:
    """What makes "well" true: how much was looked at, and when last."""
    if standing.last_at is None:
        return t("overview.well_quiet")
    return t("overview.well_proof", count=standing.looked, last=reader.moment(standing.last_at))
