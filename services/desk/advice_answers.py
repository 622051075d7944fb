"""Answers to questions: one of the help that is picked, or one that was typed and is offered for the help."""

from __future__ import annotations

import re
from typing import cast

from fastapi import Request
from sqlalchemy.ext.asyncio import AsyncConnection

from services.cases.case_records import told_of
from services.cases.states import Case
from services.desk.case_file import points_of_account
from services.desk.service import desk_of
from services.help import drafts
from services.help.articles import LOCALES, Article, Facts
from services.help.library import Library, texts_of

KIND, ENDING, PICKED = "advice", "answered", "picked"
#: What Markdown says of emphasis and links, as people write it in plain text.
_LINK = re.compile(r"\[([^\]]*)\]\(([^)\s]*)\)")
_MARKS = re.compile(r"\*\*|__|(?<!\w)[*_](?=\S)|(?<=\S)[*_](?!\w)|`")


def picked(article: Article, facts: Facts) -> str:
    """The answer in plain text, with the facts of this installation, as it stands in a message."""
    title, body = facts.filled(article.text.title), facts.filled(article.text.body)
    return f"{title}\n\n{_plain(body)}"


async def picked_text(request: Request, case: Case, slug: str) -> str:
    """The answer of that name in plain text, in the owner's language or else the other; nothing for one that there is not."""
    if case.kind != KIND or not slug:
        return ""
    library, desk = cast("Library", request.app.state.library), desk_of(request)
    async with desk.database.read() as connection:
        first = await _locale(connection, case)
        for locale in (first, *(each for each in LOCALES if each != first)):
            for article in await texts_of(connection, [slug], locale):
                return picked(article, library.facts)
    return ""


async def offer(connection: AsyncConnection, case: Case, text: str, by: str, now: float) -> bool:
    """Offer the owner's question with this answer as a draft, in the caller's transaction; False where there was nothing to."""
    told = await told_of(connection, case.case_id)
    if case.kind != KIND or told is None:
        return False
    points = await points_of_account(connection, case.account_id)
    locale = await _locale(connection, case)
    own = [case.account_id, *(each.address for each in points)]
    question, answer = (_without(said, own) for said in (told.text, text))
    return await drafts.offer(connection, case.case_id, question, answer, locale, by, now)


async def _locale(connection: AsyncConnection, case: Case) -> str:
    """The owner's language; Chinese where nobody has said."""
    points = await points_of_account(connection, case.account_id)
    return next((each.locale for each in reversed(points) if each.until is None), "zh-CN")


def _without(said: str, own: list[str]) -> str:
    """The words without what the owner is called and reached by."""
    for each in own:
        said = said.replace(each, "…")
    return said


def _plain(body: str) -> str:
    return _MARKS.sub("", _LINK.sub(r"\1 (\2)", body)).strip()
