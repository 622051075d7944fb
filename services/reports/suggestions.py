"""Answers of the help that are shown before a report is sent: what somebody wants to know now may stand there already."""

from __future__ import annotations

from collections.abc import Sequence

from fastapi import Request

from contracts.report_kinds import ReportKind
from services.help import asked
from services.help.library import Library
from services.help.shown import Answer, suggested
from services.platform.metrics import FAQ_SUGGESTED
from services.portal.portal import portal_of


async def offered(
    request: Request, kind: ReportKind, text: str, locale: str, looked: bool
) -> Sequence[Answer]:
    """Answers to the text, else to what reports of the kind are mostly about; few, and counted.

    `looked`: somebody asks for them before they send, so what they wrote is noted as a search is. Raises Unavailable.
    """
    library: Library = request.app.state.library
    portal = portal_of(request)
    async with portal.database.read() as connection:
        answers = await suggested(connection, library.facts, text, locale, kind)
    if looked and text:
        async with portal.database.begin() as connection:
            await asked.note_search(connection, text, locale, len(answers), portal.visits.clock())
    if answers:
        FAQ_SUGGESTED.labels("shown").inc()
    return answers
