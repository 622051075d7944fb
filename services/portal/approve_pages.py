"""Pages of a challenge: what is asked, the code, and "this wasn't me". All they show is PayGuard's stored copy."""

from __future__ import annotations

import math
from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import Response

from services.mfa.factor_records import FactorStatus
from services.mfa.records import Challenge
from services.mfa.service import ChallengesService
from services.portal.disown import disown
from services.portal.figures import clock_face, has_look_alikes, money, visible
from services.portal.pages import PREFIX, locale_of, page
from services.portal.portal import portal_of
from services.portal.problem_pages import outcome, refusal
from services.portal.sessions import (
    PageRoute,
    Session,
    code_of,
    context_of,
    form_of,
    go_to,
    session_for,
)
from services.portal.stopped_pages import challenge_of, word_about

#: A pause that is told in hours.
_LONG_S = 7200

router = APIRouter(prefix=PREFIX, route_class=PageRoute, include_in_schema=False)


@router.get("/approve")
async def approve_page(request: Request) -> Response:
    """What the user is asked to approve, or how it ended."""
    session = await session_for(request, "challenge")
    challenge = await challenge_of(request, session)
    if challenge.state != "open" and await word_about(request, challenge) is not None:
        return go_to(request, "approve/stopped")
    return await _shown(request, session, challenge)


@router.post("/approve")
async def approve(request: Request) -> Response:
    """Offer a code or a recovery code."""
    session, fields = await form_of(request, "challenge")
    challenge = await challenge_of(request, session)
    if challenge.state != "open":
        return go_to(request, "approve")
    if (code := await code_of(request, session, fields)) is None:
        return await _shown(
            request, session, challenge, error="approve.wrong_form", field=fields.get("field")
        )
    service: ChallengesService = request.app.state.challenges
    answer = await service.verify(challenge.challenge_id, code, context_of(request, session.visit))
    if answer.passed:
        return go_to(request, "approve")
    challenge = await challenge_of(request, session)
    known = await request.app.state.lifecycle.status(session.visit.account_id)
    if known.shut:
        return await _shown(request, session, challenge, error="approve.wrong_shut", field="recovery")
    if (locked := _lock(request, session, challenge, known)) is not None:
        return locked
    error = refusal("approve.wrong_", answer.hint)
    return await _shown(request, session, challenge, error=error, field=fields.get("field"))


@router.get("/approve/stop")
async def stop_page(request: Request) -> Response:
    """Ask once more before refusing."""
    session = await session_for(request, "challenge")
    challenge = await challenge_of(request, session)
    if challenge.state != "open":
        return go_to(request, "approve")
    follows = request.app.state.words.following.not_me
    return page(
        request,
        "stop",
        wanted=session.visit.locale,
        challenge=challenge,
        follows=follows,
        token=session.form_token,
    )


@router.post("/approve/stop")
async def stop(request: Request) -> Response:
    """Refuse the challenge and report it."""
    session, _ = await form_of(request, "challenge")
    challenge = await challenge_of(request, session)
    portal, words = portal_of(request), request.app.state.words
    await disown(portal.database, challenge, portal.visits.clock(), words.following)
    return go_to(request, "approve/stopped")


def _lock(request: Request, session: Session, challenge: Challenge, known: FactorStatus) -> Response | None:
    """The page of a pause, when the account's codes are paused; a device that the wallet names may be let in all the same."""
    if session.visit.device_id is not None and challenge.state == "open":
        return None
    left_s = (known.locked_until or 0.0) - portal_of(request).visits.clock()
    if left_s <= 0:
        return None
    if left_s > _LONG_S:
        return outcome(request, "paused", wanted=session.visit.locale, hours=math.ceil(left_s / 3600))
    return outcome(request, "locked", wanted=session.visit.locale, minutes=math.ceil(left_s / 60))


async def _shown(
    request: Request, session: Session, challenge: Challenge, error: str = "", field: str | None = None
) -> Response:
    locale = locale_of(request, session.visit.locale)
    asked = _asked(challenge, session, locale)
    if challenge.state == "passed":
        return outcome(
            request, "approved", wanted=session.visit.locale, kind=_kind(challenge, asked), **asked
        )
    if challenge.state != "open":
        name = "expired" if challenge.state == "expired" else "refused"
        return outcome(request, name, wanted=session.visit.locale)
    left_s = challenge.expires_at - portal_of(request).visits.clock()
    return page(
        request,
        "approve",
        wanted=session.visit.locale,
        challenge=challenge,
        asked=asked,
        left_s=int(left_s),
        left=clock_face(left_s),
        token=session.form_token,
        error=error,
        field="recovery" if field == "recovery" else "code",
    )


def _asked(challenge: Challenge, session: Session, locale: str) -> dict[str, Any]:
    amount = None
    if challenge.amount is not None and challenge.currency is not None:
        amount = money(challenge.amount, challenge.currency, locale)
    payee = challenge.payee_id
    return {
        "amount": amount,
        "payee": None if payee is None else visible(payee),
        "look_alike": payee is not None and has_look_alikes(payee),
        "device": None if session.visit.device_name is None else visible(session.visit.device_name),
    }


def _kind(challenge: Challenge, asked: dict[str, Any]) -> str:
    """Which sentence says what was approved: one that names the money where there is any."""
    if challenge.purpose != "transaction":
        return challenge.purpose
    if asked["amount"] is None:
        return "any"
    return "amount" if asked["payee"] is None else "transaction"
