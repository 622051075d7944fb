"""The messages that we sent an owner, as they were called, and whether one that somebody shows is among them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from msgspec import Struct
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection
from starlette.responses import Response

from notifier.facts import Reader
from notifier.subjects import subject_of
from notifier.told import notices_of
from services.cases.hold_tables import owner_words
from services.cases.owners import Telling, messages_of, owner_of
from services.cases.references import notice_ids, reference
from services.centre.questions import asked_events
from services.portal.centre_frame import CENTRE_PREFIX, CentreRoute, centre_page, centre_session
from services.portal.figures import visible
from services.portal.message_states import ways_of
from services.portal.pages import locale_of
from services.portal.portal import portal_of
from services.portal.wording import Wording, wording
from services.reports.readers import reader_of

router = APIRouter(prefix=CENTRE_PREFIX, route_class=CentreRoute, include_in_schema=False)
_LISTED = 50
_LONGEST_TYPED = 24
_SIGNS = {"stop": "shield", "wait": "bell", "good": "check", "calm": "mail"}


class Sent(Struct, frozen=True):
    """One message: its subject as it was sent, when, by which ways and how each fared, and the owner's own answer.

    `asks` is the event that it waits for an answer about.
    """

    ref: str
    subject: str
    tone: str
    sign: str
    when: str
    ways: Sequence[str]
    answer: str
    asks: str | None
    address: str | None


@router.get("/messages")
async def messages_page(request: Request, ref: Annotated[str, Query(max_length=200)] = "") -> Response:
    """Every message of the last weeks, newest first; `ref` asks whether one is ours."""
    session = await centre_session(request)
    account_id, portal = session.visit.account_id, portal_of(request)
    t = wording(locale_of(request, session.visit.locale))
    asked = notice_ids(ref) if ref else None
    async with portal.database.read() as connection:
        reader = await reader_of(request, session, connection)
        told = (await owner_of(connection, account_id, None)).told
        listed = await _sent(
            connection, account_id, _letters(told)[:_LISTED], reader, t, portal.service, portal.visits.clock()
        )
        found: list[Sent] = []
        if asked is not None:
            ours = [
                each.telling
                for each in await messages_of(connection, *asked)
                if each.account_id == account_id
            ]
            found = await _sent(
                connection, account_id, _letters(ours), reader, t, portal.service, portal.visits.clock()
            )
    shown: dict[str, Any] = {
        "typed": ref[:_LONGEST_TYPED],
        "called": reference(asked[0]) if asked is not None else visible(ref.strip()[:_LONGEST_TYPED]),
        "found": found,
        "asked": bool(ref.strip()),
        "understood": asked is not None,
        "listed": listed,
    }
    return centre_page(request, session, "centre/messages", "messages", **shown)


def _letters(told: Sequence[Telling]) -> list[Telling]:
    """Newest first, each reference once: of the notices that stand in one letter, the letter's own."""
    newest: dict[str, Telling] = {}
    for each in reversed(told):
        if each.reference not in newest or reference(each.notice_id) == each.reference:
            newest[each.reference] = each
    return list(newest.values())


async def _sent(
    connection: AsyncConnection,
    account_id: str,
    told: Sequence[Telling],
    reader: Reader,
    t: Wording,
    service: str,
    now: float,
) -> list[Sent]:
    ids = {each.notice_id for each in told}
    known = await notices_of(connection, ids) if ids else {}
    answers = await _answers(connection, account_id, {each.event_id for each in told})
    asked = await asked_events(connection, account_id, now)
    shown = []
    for each in told:
        notice = known.get(each.notice_id)
        subject = None if notice is None else subject_of(notice, reader, service)
        tone = "calm" if subject is None else subject.tone
        shown.append(
            Sent(
                ref=each.reference,
                subject=t("messages.untitled") if subject is None else subject.text,
                tone=tone,
                sign=_SIGNS[tone],
                when=reader.moment(each.recorded_at),
                ways=ways_of(each, reader.words.frame["colon"], t),
                answer=answers.get(each.event_id, ""),
                asks=each.event_id if each.event_id in asked else None,
                address=next((tried.address for tried in each.tries if tried.address), None),
            )
        )
    return shown


async def _answers(connection: AsyncConnection, account_id: str, event_ids: set[str]) -> dict[str, str]:
    """What the owner last said of these events, unless they took it back."""
    query = (
        select(owner_words.c.about_event_id, owner_words.c.verdict)
        .where(
            owner_words.c.account_id == account_id,
            owner_words.c.about_event_id.in_(event_ids),
            owner_words.c.undone_at.is_(None),
        )
        .order_by(owner_words.c.told_at)
    )
    return {row.about_event_id: row.verdict for row in await connection.execute(query)}
