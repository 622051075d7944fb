"""The pages after "this wasn't me": what was stopped and whether the wallet has confirmed it, what is next, and the way back."""

from __future__ import annotations

import math
from typing import Any

from fastapi import APIRouter, Request
from msgspec import Struct
from starlette.responses import Response

from contracts.decisions import effect_id
from services.cases.hold_service import HoldService
from services.cases.owner_words import OwnerWord, OwnerWords
from services.http.problems import Problem
from services.mfa.factor_records import Refused
from services.mfa.records import Challenge
from services.mfa.report_undo import NoReport, ReportUndo, UndoOver
from services.mfa.service import ChallengesService
from services.portal.disown import report_of
from services.portal.handling import handling_of
from services.portal.pages import PREFIX, locale_of, page
from services.portal.portal import portal_of
from services.portal.problem_pages import outcome, refusal
from services.portal.sessions import PageRoute, Session, code_of, context_of, form_of, go_to, session_for
from services.portal.wording import wording
from services.wallet.feed import ActionFeed

router = APIRouter(prefix=PREFIX, route_class=PageRoute, include_in_schema=False)


class Stopped(Struct, frozen=True):
    """What a report did: each part `confirmed` by the wallet, `asked` of it, or None where the policy does not want it."""

    money: str | None
    sessions: str | None
    looked_into: bool
    passed: bool


async def challenge_of(request: Request, session: Session) -> Challenge:
    """The challenge that the session is for. Raises Problem 403."""
    service: ChallengesService = request.app.state.challenges
    challenge = await service.challenge(session.visit.challenge_id or "")
    if challenge is None or challenge.account_id != session.visit.account_id:
        raise Problem(403, "no_session", "the page is not for this challenge")
    return challenge


async def word_about(request: Request, challenge: Challenge) -> OwnerWord | None:
    """The report that the owner made on the challenge's pages."""
    words: OwnerWords = request.app.state.words
    return await words.find(challenge.account_id, report_of(challenge))


@router.get("/approve/stopped")
async def stopped(request: Request) -> Response:
    """What was stopped, and what happens now."""
    session = await session_for(request, "challenge")
    challenge = await challenge_of(request, session)
    word = await word_about(request, challenge)
    if word is None:
        return go_to(request, "approve")
    return await _shown(request, session, challenge, word)


@router.post("/approve/undo")
async def undo(request: Request) -> Response:
    """Take the report back with a code."""
    session, fields = await form_of(request, "challenge")
    challenge = await challenge_of(request, session)
    word = await word_about(request, challenge)
    if word is None:
        return go_to(request, "approve")
    if (code := await code_of(request, session, fields)) is None:
        return await _shown(request, session, challenge, word, error="approve.wrong_form")
    reports: ReportUndo = request.app.state.report_undo
    try:
        done = await reports.undo(
            challenge.account_id, word.event_id, code, context_of(request, session.visit)
        )
    except (NoReport, UndoOver):
        return go_to(request, "approve/stopped")
    if isinstance(done, Refused):
        return await _shown(request, session, challenge, word, error=refusal("approve.wrong_", done.hint))
    return go_to(request, "approve/stopped")


async def _shown(
    request: Request, session: Session, challenge: Challenge, word: OwnerWord, error: str = ""
) -> Response:
    if word.undone_at is not None:
        holds: HoldService = request.app.state.holds
        frozen = (await holds.of(challenge.account_id)).frozen is not None
        return outcome(request, "undone", wanted=session.visit.locale, kind="frozen" if frozen else "free")
    reports: ReportUndo = request.app.state.report_undo
    until = reports.open_until(word)
    known = await request.app.state.lifecycle.status(challenge.account_id)
    may_undo = until is not None and known.state == "active"
    words: OwnerWords = request.app.state.words
    t = wording(locale_of(request, session.visit.locale))
    case = await handling_of(request, word, t, await words.zone_of(challenge.account_id))
    left_s = 0.0 if until is None else until - portal_of(request).visits.clock()
    return page(
        request,
        "stopped",
        wanted=session.visit.locale,
        done=await _done(request, challenge, word),
        case=case,
        minutes=max(1, math.floor(left_s / 60)) if may_undo else 0,
        token=session.form_token,
        error=error,
    )


async def _done(request: Request, challenge: Challenge, word: OwnerWord) -> Stopped:
    state: Any = request.app.state
    words: OwnerWords = state.words
    frozen = (await state.holds.of(challenge.account_id)).frozen
    ended = effect_id(challenge.account_id, word.event_id, "revoke_sessions")
    wanted = words.following.not_me
    return Stopped(
        money=None if frozen is None else await _told(state.actions, frozen.hold_id),
        sessions=await _told(state.actions, ended) if "revoke_sessions" in wanted else None,
        looked_into="case" in wanted,
        passed=challenge.state == "passed",
    )


async def _told(actions: ActionFeed, action_id: str) -> str:
    action = await actions.find(action_id)
    return "confirmed" if action is not None and action.result in ("done", "already") else "asked"
