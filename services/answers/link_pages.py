"""The pages of a link in a letter: what happened, and the two answers. GET and HEAD change nothing, whoever asks how often."""

from __future__ import annotations

from collections.abc import Awaitable, Mapping
from typing import Any, NamedTuple

from fastapi import APIRouter, Request
from starlette.responses import Response

from notifier.words import words
from services.answers.answers import BY, Answers, LinkOver
from services.answers.question import Question, question_of
from services.cases.answer_links import Answered, AnswerLink
from services.mfa.factor_records import Refused
from services.mfa.records import Context
from services.portal.device_choice import device_asked
from services.portal.forms import read_form
from services.portal.pages import PREFIX, locale_of, page
from services.portal.portal import portal_of
from services.portal.problem_pages import refusal
from services.portal.sessions import PageRoute, go_to, typed_code

ANSWER = f"{PREFIX}/answer"
#: The same page by an address that leaves a text message room for words.
BRIEF = f"{PREFIX}/a"
#: What is looked at may be asked for by HEAD as well: scanners of mail do so.
LOOK = ["GET", "HEAD"]
router = APIRouter(prefix=ANSWER, route_class=PageRoute, include_in_schema=False)
brief = APIRouter(prefix=BRIEF, route_class=PageRoute, include_in_schema=False)


def answers_of(request: Request) -> Answers:
    """The application's answers."""
    answers: Answers = request.app.state.answers
    return answers


def shown(
    request: Request, template: str, link: AnswerLink | None, status: int = 200, **values: Any
) -> Response:
    """An answer page in the reader's language; its foot names the host that asks for codes."""
    wanted = None if link is None else link.locale
    host = portal_of(request).url.partition("://")[2]
    return page(request, f"answer/{template}", wanted=wanted, status=status, host=host, **values)


def over(request: Request) -> Response:
    """The one page of every link that cannot answer, whatever the reason."""
    return shown(request, "over", None, 410)


async def linked(
    request: Request, text: str, *, answered: bool = False
) -> tuple[AnswerLink, Question] | None:
    """The link and what it asks; None for one that is over or not ours, and for one that was answered for good unless asked for.

    Whatever is over costs the same: nobody tells by the time whether there ever was such a link.
    """
    link = await answers_of(request).look(text)
    if link is None or (link.settled and not answered):
        return None
    asks = question_of(link, locale_of(request, link.locale), portal_of(request).service)
    return None if asks is None else (link, asks)


@brief.api_route("/{text}", methods=LOOK)
@router.api_route("/{text}", methods=LOOK)
async def look(request: Request, text: str) -> Response:
    """What happened, and the two ways on."""
    found = await linked(request, text)
    if found is None:
        return over(request)
    link, asks = found
    return shown(
        request,
        "question",
        link,
        asks=asks,
        here=f"{ANSWER}/{text}",
        may_say_yes=await _may_say_yes(request, link, asks),
        said_yes=link.answered is not None,
    )


@router.api_route("/{text}/no", methods=LOOK)
async def no_page(request: Request, text: str) -> Response:
    """What a "no" stops and what it leaves."""
    found = await linked(request, text)
    if found is None:
        return over(request)
    return await _shown_no(request, *found)


@router.post("/{text}/no")
async def no(request: Request, text: str) -> Response:
    """Stop money: from the page that has said what will be stopped, by whoever has said so there."""
    sent = await sent_form(request, text, "no")
    if sent is None:
        return over(request)
    found, fields, answers = sent.found, sent.fields, answers_of(request)
    link, _ = found
    if fields.get("sure") != "yes":
        return await _shown_no(request, *found, error="answer.sure_missing")
    code, context = None, context_of(request)
    if "code" in fields and (code := await typed_code(request, fields, context)) is None:
        return await _shown_no(request, *found, error="approve.wrong_form")
    given = await _given(answers.no(link, code, context))
    if given is None:
        return over(request)
    if isinstance(given, Refused):
        return await _shown_no(request, *found, error=refusal("approve.wrong_", given.hint))
    return go_to(request, done_path(answers, link))


@router.api_route("/{text}/yes", methods=LOOK)
async def yes_page(request: Request, text: str) -> Response:
    """Ask for a code, or at least once more."""
    found = await linked(request, text)
    if found is None or not await _may_say_yes(request, *found):
        return over(request)
    return await _shown_yes(request, *found)


@router.post("/{text}/yes")
async def yes(request: Request, text: str) -> Response:
    """Believe a "yes" as far as its proof goes."""
    sent = await sent_form(request, text, "yes")
    if sent is None:
        return over(request)
    found, fields, answers = sent.found, sent.fields, answers_of(request)
    link, asks = found
    context = context_of(request)
    if "code" in fields:
        if (code := await typed_code(request, fields, context)) is None:
            return await _shown_yes(request, *found, error="approve.wrong_form")
        given = await _given(answers.yes_with_code(link, code, context, fields.get("trust") == "yes"))
    elif asks.yes != "link" or link.answered is not None:
        return over(request)
    elif fields.get("sure") != "yes":
        return await _shown_yes(request, *found, error="answer.sure_missing")
    else:
        given = await _given(answers.yes(link))
    if given is None:
        return over(request)
    if isinstance(given, Refused):
        return await _shown_yes(request, *found, error=refusal("approve.wrong_", given.hint))
    return go_to(request, done_path(answers, link))


class Sent(NamedTuple):
    """What the form of an answer page was about, and what was typed into it."""

    found: tuple[AnswerLink, Question]
    fields: Mapping[str, str]


async def sent_form(request: Request, text: str, name: str, *, answered: bool = False) -> Sent | None:
    """The form of the page of that name; None where the link is over or not ours, or no page of ours made the form."""
    found, fields = await linked(request, text, answered=answered), await read_form(request)
    if found is None or not answers_of(request).links.is_token(fields.get("token", ""), name, found[0]):
        return None
    return Sent(found, fields)


def done_path(answers: Answers, link: AnswerLink) -> str:
    """Where whoever answered sees what followed: the link alone does not lead there."""
    return f"answer/{link.text}/done/{answers.links.token('done', link)}"


def context_of(request: Request) -> Context:
    """Who offers a code: nothing is known of them but the address."""
    return Context(ip=None if request.client is None else request.client.host, actor=BY)


async def has_factor(request: Request, link: AnswerLink) -> bool:
    """Whether the owner can give a code."""
    return bool((await request.app.state.lifecycle.status(link.account_id)).state == "active")


async def frozen(request: Request, link: AnswerLink) -> bool:
    """Whether outgoing money is stopped already."""
    return (await request.app.state.holds.of(link.account_id)).frozen is not None


async def _given(asked: Awaitable[Answered | Refused]) -> Answered | Refused | None:
    try:
        return await asked
    except LinkOver:
        return None


async def _may_say_yes(request: Request, link: AnswerLink, asks: Question) -> bool:
    """A "yes" needs a code where the link alone does not do, or has said it already."""
    if asks.yes is None:
        return False
    return (asks.yes == "link" and link.answered is None) or await has_factor(request, link)


async def _shown_no(request: Request, link: AnswerLink, asks: Question, error: str = "") -> Response:
    answers = answers_of(request)
    codes = await has_factor(request, link)
    return shown(
        request,
        "no",
        link,
        asks=asks,
        follows=answers.following.not_me,
        frozen=await frozen(request, link),
        forgets=await answers.forgets(link),
        needs_code=codes and await answers.needs_code(link),
        undo_minutes=int(request.app.state.report_undo.undo_s // 60) if codes else 0,
        **_form(answers, "no", link),
        error=error,
    )


async def _shown_yes(request: Request, link: AnswerLink, asks: Question, error: str = "") -> Response:
    answers = answers_of(request)
    locale = locale_of(request, link.locale)
    return shown(
        request,
        "yes",
        link,
        asks=asks,
        codes=await has_factor(request, link),
        device=device_asked(await answers.device_of(link), words(locale)),
        without=asks.yes == "link" and link.answered is None,
        after=await _after(request, link),
        **_form(answers, "yes", link),
        error=error,
    )


async def _after(request: Request, link: AnswerLink) -> str:
    """What a "yes" with a code does not do by itself, or does: the name of its sentence."""
    if await frozen(request, link):
        return "frozen"
    decision = link.decision
    if decision is None:
        return "noted"
    held = await request.app.state.holds.payment(link.account_id, decision.event_id)
    if (
        held is not None
        and held.state == "held"
        and "release_payment" in answers_of(request).following.was_me
    ):
        return "released"
    return "again" if decision.action == "deny" else "noted"


def _form(answers: Answers, name: str, link: AnswerLink) -> dict[str, Any]:
    return {"here": f"{ANSWER}/{link.text}", "token": answers.links.token(name, link)}
