"""The help in the security centre: ask, read an answer, say whether it helped."""

from __future__ import annotations

import hashlib

from fastapi import APIRouter, Request
from starlette.responses import Response

from services.help import asked, shown
from services.help.articles import LOCALES, Article
from services.help.library import Library, texts_of
from services.http.problems import Problem
from services.platform.metrics import FAQ_SEARCHES, FAQ_SUGGESTED
from services.portal.centre_frame import CENTRE_PREFIX, CentreRoute, centre_form, centre_page, centre_session
from services.portal.pages import locale_of
from services.portal.portal import portal_of
from services.portal.sessions import Session, go_to

router = APIRouter(prefix=f"{CENTRE_PREFIX}/help", route_class=CentreRoute, include_in_schema=False)
_VOTES = {"yes": True, "no": False}
_ID_LENGTH = 32


@router.get("")
async def ask(request: Request) -> Response:
    """What was asked with its answers, or every answer by topic."""
    session = await centre_session(request)
    portal, library = portal_of(request), _library(request)
    locale, now = locale_of(request, session.visit.locale), portal.visits.clock()
    question = " ".join(request.query_params.get("q", "").replace("\x00", " ").split())[: asked.MOST_WORDS]
    async with portal.database.read() as connection:
        notices = await shown.notices_for(connection, session.visit.account_id, locale, now)
        topics = [] if question else await shown.topics(connection, library.facts, locale)
        found = await shown.results(connection, library.facts, question, locale) if question else None
    search_id = ""
    if found is not None:
        FAQ_SEARCHES.labels("yes" if found.answers else "no").inc()
        async with portal.database.begin() as connection:
            count = len(found.answers)
            search_id = await asked.note_search(connection, question, found.locale, count, now)
            for first in found.answers[:1]:
                await asked.note_read(connection, first.slug, first.locale, now)
    answers = [] if found is None else found.answers
    return centre_page(
        request,
        session,
        "centre/help",
        "help",
        question=question,
        answers=answers,
        topics=topics,
        notices=notices,
        search=search_id,
    )


@router.get("/{slug}")
async def read(request: Request, slug: str) -> Response:
    """One answer."""
    session = await centre_session(request)
    article, locale = await _article(request, session, slug, request.query_params.get("in"))
    portal, now = portal_of(request), portal_of(request).visits.clock()
    search_id = request.query_params.get("s", "")
    async with portal.database.begin() as connection:
        await asked.note_read(connection, article.slug, article.locale, now)
        if 0 < len(search_id) <= _ID_LENGTH and search_id.isalnum():
            await asked.note_opened(connection, search_id, article.slug)
        said = await asked.voted(connection, _vote_id(session, article))
        notices = await shown.notices_for(connection, session.visit.account_id, locale, now)
    question = request.query_params.get("q", "")[: asked.MOST_WORDS]
    answer = shown.answer(article, _library(request).facts)
    return centre_page(
        request,
        session,
        "centre/help-answer",
        "help",
        answer=answer,
        said=said,
        question=question,
        notices=notices,
    )


@router.post("/{slug}/useful")
async def useful(request: Request, slug: str) -> Response:
    """Keep whether the answer helped, and go to it."""
    session, fields = await centre_form(request)
    article, _ = await _article(request, session, slug, fields.get("in"))
    said = _VOTES.get(fields.get("useful", ""))
    if said is not None:
        now = portal_of(request).visits.clock()
        async with portal_of(request).database.begin() as connection:
            vote_id = _vote_id(session, article)
            await asked.vote(connection, vote_id, article.slug, article.locale, article.version, said, now)
        if said and fields.get("before") == "report":
            FAQ_SUGGESTED.labels("helped").inc()
    return go_to(request, f"centre/help/{article.slug}?in={article.locale}")


async def _article(request: Request, session: Session, slug: str, wanted: str | None) -> tuple[Article, str]:
    """The answer in the language `wanted`, else in the reader's; and the reader's. Raises Problem 404."""
    reader = locale_of(request, session.visit.locale)
    locale = wanted if wanted in LOCALES and "lang" not in request.query_params else reader
    async with portal_of(request).database.read() as connection:
        found = await texts_of(connection, [slug], locale)
    if not found:
        raise Problem(404, "unknown_answer", "there is no such answer")
    return found[0], reader


def _vote_id(session: Session, article: Article) -> str:
    """Under which a visit votes once: it says nothing of the visit to who has not its session."""
    text = f"faq\0{session.form_token}\0{article.slug}\0{article.locale}"
    return hashlib.sha256(text.encode()).hexdigest()


def _library(request: Request) -> Library:
    library: Library = request.app.state.library
    return library
