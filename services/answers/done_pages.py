"""The pages after an answer: what was stopped and when the wallet confirmed it, what happens next, and the way back."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from fastapi import APIRouter, Request
from msgspec import Struct
from starlette.responses import Response

from contracts.decisions import effect_id
from notifier import spelled
from services.answers.answers import Answers
from services.answers.link_pages import (
    ANSWER,
    LOOK,
    answers_of,
    context_of,
    done_path,
    has_factor,
    linked,
    over,
    sent_form,
    shown,
)
from services.answers.question import Question
from services.cases.answer_links import AnswerLink
from services.cases.hold_service import Holds
from services.cases.owner_words import OwnerWord
from services.mfa.factor_records import Refused
from services.mfa.report_undo import NoReport, ReportUndo, UndoOver
from services.portal.handling import Handling, handling_of
from services.portal.pages import locale_of
from services.portal.problem_pages import refusal
from services.portal.sessions import PageRoute, go_to, typed_code
from services.portal.wording import wording
from services.wallet.feed import ActionFeed, Published

#: After so long without the wallet's word, support is called: the alert FreezeUnacknowledged.
CALLED_S = 30.0
_REFRESH_S = "5"
router = APIRouter(prefix=ANSWER, route_class=PageRoute, include_in_schema=False)


class Step(Struct, frozen=True):
    """A step on the way back to normal: the names of its sentences, when it was done, and how it stands."""

    name: str
    state: Literal["done", "now", "later"]
    at: str | None = None
    due: str = ""


class Stop(Struct, frozen=True, kw_only=True):
    """How far a "no" has come. `money` and `sessions` are None where the policy does not want them, `case` where it wants none.

    `at` is when the wallet confirmed the freeze, `asked_at` when the owner answered, `after_s` the seconds between, None where
    it was frozen before. `called`: it takes so long that support was called.
    """

    money: Literal["confirmed", "asked", "ended"] | None
    sessions: Literal["confirmed", "asked"] | None
    at: str | None
    asked_at: str
    after_s: int | None
    called: bool
    forgotten: bool
    looked_into: bool
    steps: Sequence[Step]
    case: Handling | None


@router.api_route("/{text}/done/{token}", methods=LOOK)
async def done(request: Request, text: str, token: str) -> Response:
    """What followed from the answer."""
    found = await linked(request, text, answered=True)
    if found is None or not answers_of(request).links.is_token(token, "done", found[0]):
        return over(request)
    return await _shown(request, *found)


@router.post("/{text}/undo")
async def undo(request: Request, text: str) -> Response:
    """Take a "no" back with a code."""
    sent = await sent_form(request, text, "undo", answered=True)
    if sent is None:
        return over(request)
    (link, asks), answers, context = sent.found, answers_of(request), context_of(request)
    if (answered := link.answered) is None:
        return over(request)
    if (code := await typed_code(request, sent.fields, context)) is None:
        return await _shown(request, link, asks, error="approve.wrong_form")
    reports: ReportUndo = request.app.state.report_undo
    try:
        undone = await reports.undo(link.account_id, answered.report_id, code, context)
    except (NoReport, UndoOver):
        return go_to(request, done_path(answers, link))
    if isinstance(undone, Refused):
        return await _shown(request, link, asks, error=refusal("approve.wrong_", undone.hint))
    return go_to(request, done_path(answers, link))


async def _shown(request: Request, link: AnswerLink, asks: Question, error: str = "") -> Response:
    answered = link.answered
    if answered is None:
        return over(request)
    if answered.answer == "was_me":
        return shown(request, "noted", link, asks=asks, proof=answered.proof)
    word = await request.app.state.words.find(link.account_id, answered.report_id)
    holds: Holds = await request.app.state.holds.of(link.account_id)
    if word is None:
        return over(request)
    if word.undone_at is not None:
        return shown(request, "undone", link, frozen=holds.frozen is not None)
    stop = await _stop(request, link, word, holds)
    reports: ReportUndo = request.app.state.report_undo
    until = reports.open_until(word)
    may_undo = until is not None and await has_factor(request, link)
    response = shown(
        request,
        "stopped",
        link,
        asks=asks,
        stop=stop,
        undo_until=spelled.second(until, _zone(link)) if may_undo and until is not None else None,
        here=f"{ANSWER}/{link.text}",
        again=f"/my/{done_path(answers_of(request), link)}",
        token=answers_of(request).links.token("undo", link),
        error=error,
    )
    if stop.money == "asked" and not error:
        response.headers["Refresh"] = _REFRESH_S
        if request.method == "GET":
            await request.app.state.words.watched(word)
    return response


async def _stop(request: Request, link: AnswerLink, word: OwnerWord, holds: Holds) -> Stop:
    answers: Answers = answers_of(request)
    actions: ActionFeed = request.app.state.actions
    wanted = answers.following.not_me
    freeze = None if holds.frozen is None else await actions.find(holds.frozen.hold_id)
    confirmed_at = _confirmed(freeze)
    money: Literal["confirmed", "asked", "ended"] | None = None
    if holds.frozen is not None:
        money = "asked" if confirmed_at is None else "confirmed"
    elif "freeze" in wanted:
        money = "ended"
    sessions: Literal["confirmed", "asked"] | None = None
    if "revoke_sessions" in wanted:
        ended = await actions.find(effect_id(link.account_id, word.event_id, "revoke_sessions"))
        sessions = "asked" if _confirmed(ended) is None else "confirmed"
    after_s = None
    if confirmed_at is not None and confirmed_at >= word.told_at:
        after_s = max(1, round(confirmed_at - word.told_at))
    at = None if confirmed_at is None else spelled.second(confirmed_at, _zone(link))
    case = await handling_of(request, word, wording(locale_of(request, link.locale)), _zone(link))
    return Stop(
        money=money,
        sessions=sessions,
        at=at,
        asked_at=spelled.second(word.told_at, _zone(link)),
        after_s=after_s,
        called=answers.clock() - word.told_at >= CALLED_S,
        forgotten=await answers.forgets(link),
        looked_into="case" in wanted,
        steps=await _steps(request, link, holds, case, at) if money in ("confirmed", "asked") else [],
        case=case,
    )


async def _steps(
    request: Request, link: AnswerLink, holds: Holds, case: Handling | None, stopped_at: str | None
) -> list[Step]:
    """The way back to normal, as far as it has come; what the policy asks of the owner before the freeze ends is in it."""
    zone = _zone(link)
    steps = [Step("stopped", "now" if stopped_at is None else "done", stopped_at)]
    by_policy = {each.step: each.done_at for each in holds.steps}
    now = stopped_at is not None
    for name in ("password", "factor"):
        at = by_policy.get(name)
        if name == "factor" and at is None and not await has_factor(request, link):
            continue
        state: Literal["done", "now", "later"] = "done" if at is not None else "now" if now else "later"
        now = now and state == "done"
        steps.append(Step(name, state, None if at is None else spelled.clock(at, zone)))
    steps.append(_support(case, zone))
    two = request.app.state.holds.unfreezing.two
    steps.append(Step("agreed" if two else "reopened", "later"))
    return steps


def _support(case: Handling | None, zone: str) -> Step:
    """What support does, and by when."""
    if case is None:
        return Step("support", "later")
    if case.ended_at is not None:
        return Step("ended", "done", spelled.clock(case.ended_at, zone))
    state: Literal["now", "later"] = "later" if case.stands == "waits" else "now"
    return Step(case.stands, state, due=case.due)


def _confirmed(action: Published | None) -> float | None:
    """When the wallet said that it has done so, in epoch seconds."""
    return action.result_at if action is not None and action.result in ("done", "already") else None


def _zone(link: AnswerLink) -> str:
    return link.time_zone or "UTC"
