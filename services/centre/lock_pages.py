"""Locking the wallet, and the ways back: unlocking it, and taking a "not me" back, each with a code."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from fastapi import APIRouter, Request
from starlette.responses import Response

from services.centre.overview_pages import overview_page
from services.centre.service import centre_of
from services.centre.standing import standing_of
from services.mfa.factor_records import Refused
from services.mfa.proof import ProofTooOld
from services.mfa.report_undo import NoReport, ReportUndo, UndoOver
from services.mfa.wallet_lock import CodeMissing, NotLocked, NotTheirs
from services.portal.centre_frame import CENTRE_PREFIX, CentreRoute, centre_form, centre_session
from services.portal.pages import page
from services.portal.problem_pages import refusal
from services.portal.sessions import Session, code_of, context_of, go_to

router = APIRouter(prefix=CENTRE_PREFIX, route_class=CentreRoute, include_in_schema=False)
_ACTOR = "page"


@router.get("/lock")
async def lock_page(request: Request) -> Response:
    """What locking does, before it is done."""
    session = await centre_session(request)
    return page(
        request, "centre/lock", wanted=session.visit.locale, token=session.form_token, centre=CENTRE_PREFIX
    )


@router.post("/lock")
async def lock(request: Request) -> Response:
    """Stop outgoing money, without asking why."""
    session, _ = await centre_form(request)
    await centre_of(request).lock.lock(session.visit.account_id, _ACTOR)
    return go_to(request, "centre")


@router.post("/unlock")
async def unlock(request: Request) -> Response:
    """End the owner's own lock with a code."""
    session, fields = await centre_form(request)
    visit, lock = session.visit, centre_of(request).lock

    async def end(code: str) -> object:
        return await lock.unlock(visit.account_id, code, visit.proved_at, context_of(request, visit))

    try:
        return await _with_code(request, session, fields.get("code", ""), "unlock", end)
    except (NotLocked, NotTheirs):
        return go_to(request, "centre")
    except ProofTooOld:
        return await overview_page(request, session, error="overview.unlock_password", form="unlock")
    except CodeMissing:
        return await overview_page(request, session, error="approve.wrong_form", form="unlock")


@router.post("/undo")
async def undo(request: Request) -> Response:
    """Take back the "not me" that stopped the money, with a code."""
    session, fields = await centre_form(request)
    visit, centre = session.visit, centre_of(request)
    reports: ReportUndo = request.app.state.report_undo
    async with centre.database.read() as connection:
        standing = await standing_of(connection, visit.account_id, centre.unfreezing, centre.clock())
    word = None if standing.frozen is None else standing.frozen.word
    if word is None:
        return go_to(request, "centre")

    async def take_back(code: str) -> object:
        return await reports.undo(visit.account_id, word.event_id, code, context_of(request, visit))

    try:
        return await _with_code(request, session, fields.get("code", ""), "undo", take_back)
    except (NoReport, UndoOver):
        return go_to(request, "centre")


async def _with_code(
    request: Request, session: Session, typed: str, form: str, act: Callable[[str], Awaitable[object]]
) -> Response:
    """Do it with the code that was typed, or say in the form why not."""
    if (code := await code_of(request, session, {"code": typed})) is None:
        return await overview_page(request, session, error="approve.wrong_form", form=form)
    done = await act(code)
    if isinstance(done, Refused):
        return await overview_page(request, session, error=refusal("approve.wrong_", done.hint), form=form)
    return go_to(request, "centre")
