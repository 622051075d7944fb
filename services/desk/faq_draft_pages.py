"""Answers that support offers for the help: the list, and each with the form by which a senior takes it in or drops it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast

from fastapi import APIRouter, Request
from starlette.responses import Response

from services.desk.frame import form, go_to, page
from services.desk.service import desk_of
from services.help.articles import TOPICS
from services.help.drafts import MOST_BODY, MOST_TITLE, Draft, Taken, accept, draft, drop, waiting
from services.help.library import Library
from services.http.problems import Problem
from services.staff.access import Senior
from services.staff.members import Member

router = APIRouter(prefix="/desk/faq-drafts", include_in_schema=False)
_MOST_ASKED, _MOST_TEAM = 20, 128


@router.get("")
async def drafts_page(request: Request, member: Senior, said: str = "") -> Response:
    """Every draft that nobody has decided on, the oldest first."""
    async with desk_of(request).database.read() as connection:
        found = await waiting(connection)
    known = said if said in ("accepted", "dropped") else ""
    return await page(request, member, "faq_drafts", "", drafts=found, said=known)


@router.get("/{draft_id}")
async def draft_page(request: Request, member: Senior, draft_id: str) -> Response:
    """One draft, to be put right."""
    found = await _found(request, draft_id)
    fields = {"title": found.title, "body": found.body, "asked": "", "topic": "safety", "team": ""}
    return await _page(request, member, found, fields)


@router.post("/{draft_id}/accept")
async def accept_draft(request: Request, member: Senior, draft_id: str) -> Response:
    """Take it into the help as it was put right."""
    fields, _ = await form(request)
    found = await _found(request, draft_id)
    taken = _taken(fields)
    if taken is None:
        return await _page(request, member, found, fields, 422)
    desk, library = desk_of(request), cast("Library", request.app.state.library)
    if not await accept(desk.database, library, found, taken, member.actor, desk.clock()):
        raise _gone()
    return go_to(request, "/desk/faq-drafts?said=accepted")


@router.post("/{draft_id}/drop")
async def drop_draft(request: Request, member: Senior, draft_id: str) -> Response:
    """Drop it."""
    await form(request)
    found, desk = await _found(request, draft_id), desk_of(request)
    async with desk.database.begin() as connection:
        if not await drop(connection, found, member.actor, desk.clock()):
            raise _gone()
    return go_to(request, "/desk/faq-drafts?said=dropped")


async def _page(
    request: Request, member: Member, found: Draft, fields: Mapping[str, str], status: int = 200
) -> Response:
    shown = {"draft": found, "fields": fields, "topics": TOPICS, "most": (MOST_TITLE, MOST_BODY, _MOST_TEAM)}
    return await page(request, member, "faq_draft", "", status, wrong=status != 200, **shown)


async def _found(request: Request, draft_id: str) -> Draft:
    async with desk_of(request).database.read() as connection:
        found = await draft(connection, draft_id)
    if found is None:
        raise _gone()
    return found


def _gone() -> Problem:
    return Problem(404, "unknown_draft", "there is no such draft, or somebody decided on it")


def _taken(said: Mapping[str, str]) -> Taken | None:
    """What the form says; None where something is missing or too long."""
    title, team = (" ".join(said.get(name, "").split()) for name in ("title", "team"))
    body = said.get("body", "").replace("\r\n", "\n").strip()
    asked = tuple(dict.fromkeys(" ".join(line.split()) for line in said.get("asked", "").split("\n")))
    asked = tuple(line[:MOST_TITLE] for line in asked if line)[:_MOST_ASKED]
    topic = next((each for each in TOPICS if each == said.get("topic")), None)
    fits = 0 < len(title) <= MOST_TITLE and 0 < len(body) <= MOST_BODY and 0 < len(team) <= _MOST_TEAM
    gaps = "…" in title or "…" in body
    if topic is None or not fits or gaps or "\0" in body:
        return None
    return Taken(topic=topic, title=title, asked=asked, body=body, team=team)
