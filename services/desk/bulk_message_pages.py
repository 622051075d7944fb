"""One message to everybody whose payments failed at a channel: what it says and whom it reaches first, then how it fared."""

from __future__ import annotations

import re
import secrets
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from msgspec import Struct
from sqlalchemy.ext.asyncio import AsyncConnection
from starlette.responses import Response

from notifier.body import body
from notifier.facts import Reader
from notifier.told import Told
from notifier.words import LOCALES
from notifier.words import words as letter_words
from services.activity.repository import rows_of
from services.cases.approvals import NothingLeft
from services.cases.case_rows import case_of
from services.cases.references import case_number
from services.cases.repeated_failures import KIND
from services.cases.states import Case
from services.desk.bulk_messages import (
    HOURS,
    MOST,
    MOST_ALONE,
    TEMPLATES,
    Bulk,
    TooMany,
    ask,
    bulk_of,
    bulks_of_case,
    count_of,
    news_of,
    progress_of,
    undo,
)
from services.desk.case_paths import CaseId
from services.desk.frame import form, go_to, page, words
from services.desk.service import desk_of
from services.desk.story_parts import one_line
from services.http.problems import Problem
from services.staff.access import Agent
from services.staff.access import Reader as Reading
from services.staff.members import Member

router = APIRouter(prefix="/desk", include_in_schema=False)
_MESSAGE_ID = re.compile(r"[0-9a-f]{32}")
#: So long after it was counted the form is good, in seconds.
_GOOD_S = 3600.0
_MOST_WHY = 500
_ZONE = {"en": "UTC", "zh-CN": "Asia/Shanghai"}


class Written(Struct, frozen=True):
    """What the letter says in one language."""

    locale: str
    subject: str
    text: str


@router.get("/cases/{case_id:segment}/bulk-message")
async def bulk_message_page(
    request: Request,
    member: Reading,
    case_id: CaseId,
    template: Annotated[str, Query(max_length=64)] = TEMPLATES[0],
    hours: Annotated[int, Query()] = HOURS[1],
) -> Response:
    """What the message says in both languages, whom it reaches and what it takes."""
    return await _preview(request, member, case_id, template, hours, desk_of(request).clock())


@router.post("/cases/{case_id:segment}/bulk-message")
async def send_bulk_message(request: Request, member: Agent, case_id: CaseId) -> Response:
    """Send it as it was shown, or ask a second person to allow it."""
    fields, _ = await form(request)
    desk, now = desk_of(request), desk_of(request).clock()
    message_id, until = fields.get("message_id", ""), _counted_at(fields.get("until"), now)
    template, hours, shown = fields.get("template", ""), fields.get("hours", ""), fields.get("owners", "")
    why = " ".join(fields.get("why", "").split())[:_MOST_WHY]
    if not _MESSAGE_ID.fullmatch(message_id) or not hours.isdigit() or len(hours) > 2:
        raise Problem(422, "invalid_form", "the form was not made by the message's page")
    if not why:
        return await _preview(request, member, case_id, template, int(hours), until, "no_why", 422)
    async with desk.database.begin() as connection:
        _, wanted = await _wanted(connection, case_id, template, int(hours), until, member, message_id)
        known = await bulk_of(connection, message_id)
        as_shown = known is not None or str(await count_of(connection, wanted)) == shown
        if as_shown:
            try:
                await ask(connection, wanted, why, now)
            except (TooMany, NothingLeft) as error:
                raise Problem(409, "not_sent", str(error)) from None
    if not as_shown:
        return await _preview(request, member, case_id, template, int(hours), now, "changed", 409)
    return go_to(request, f"/desk/bulk-messages/{message_id}")


@router.get("/bulk-messages/{message_id}")
async def bulk_message_state(request: Request, member: Reading, message_id: str) -> Response:
    """How it stands with a message: it waits, can be taken back, or how it fared."""
    desk, now = desk_of(request), desk_of(request).clock()
    async with desk.database.read() as connection:
        found = await bulk_of(connection, message_id)
        if found is None:
            raise Problem(404, "unknown_message", "there is no such message")
        progress = await progress_of(connection, found)
    left_s, t = found.undoable_s(now), words(member.locale)
    toast = None
    if left_s and member.allows("support"):
        path = f"/desk/bulk-messages/{message_id}/undo"
        toast = {"text": t("bulk_message.leaves"), "undo": path, "left_s": left_s}
    return await page(
        request,
        member,
        "bulk_message_sent",
        "queue",
        bulk=found,
        state=_state(found, now),
        waits=found.waits(now),
        may_act=member.allows("support"),
        number=case_number(found.case_id),
        progress=[(t(f"bulk_message.state_{state}"), count) for state, count in sorted(progress.items())],
        written=_written(found, desk.service),
        toast=toast,
    )


@router.post("/bulk-messages/{message_id}/undo")
async def undo_bulk_message(request: Request, member: Agent, message_id: str) -> Response:
    """Take it back while nobody was told."""
    await form(request)
    desk = desk_of(request)
    async with desk.database.begin() as connection:
        found = await undo(connection, message_id, member.actor, desk.clock())
    if found is None:
        raise Problem(409, "too_late", "it has left, or was taken back before")
    return go_to(request, f"/desk/bulk-messages/{message_id}")


async def _preview(
    request: Request,
    member: Member,
    case_id: str,
    template: str,
    hours: int,
    until: float,
    wrong: str = "",
    status: int = 200,
) -> Response:
    desk, t = desk_of(request), words(member.locale)
    async with desk.database.read() as connection:
        case, wanted = await _wanted(
            connection, case_id, template, hours, until, member, secrets.token_hex(16)
        )
        owners = await count_of(connection, wanted)
        before = await bulks_of_case(connection, case_id)
    return await page(
        request,
        member,
        "bulk_message",
        "queue",
        status,
        case=case,
        number=case_number(case_id),
        bulk=wanted,
        channel=one_line(wanted.channel),
        hours=hours,
        owners=owners,
        too_many=owners > MOST,
        most=MOST,
        two=owners > MOST_ALONE,
        alone=MOST_ALONE,
        all_hours=HOURS,
        templates=TEMPLATES,
        written=_written(wanted, desk.service),
        before=[(each, t(f"bulk_message.is_{_state(each, desk.clock())}")) for each in before],
        wrong=wrong,
        may_act=member.allows("support"),
    )


async def _wanted(
    connection: AsyncConnection,
    case_id: str,
    template: str,
    hours: int,
    until: float,
    member: Member,
    message_id: str,
) -> tuple[Case, Bulk]:
    """The case and the message as it would be sent. Raises Problem 404 and 422."""
    case = await case_of(connection, case_id, lock=False)
    if case is None:
        raise Problem(404, "unknown_case", "there is no such case")
    chosen = next((each for each in TEMPLATES if each == template), None)
    if chosen is None or hours not in HOURS:
        raise Problem(422, "invalid_form", "there is no such message, or no such time")
    channel = await _channel(connection, case)
    if channel is None:
        raise Problem(404, "no_channel", "the case is not about a payment that failed at a channel")
    made = Bulk(
        message_id=message_id,
        case_id=case_id,
        account_id=case.account_id,
        template=chosen,
        channel=channel,
        since=until - hours * 3600.0,
        until=until,
        owners=0,
        asked_by=member.actor,
        asked_at=until,
    )
    return case, made


async def _channel(connection: AsyncConnection, case: Case) -> str | None:
    if case.kind != KIND or case.subject_event_id is None:
        return None
    rows = await rows_of(connection, {(case.account_id, case.subject_event_id)})
    return next((row.channel for row in rows if row.channel), None)


def _written(bulk: Bulk, service: str) -> list[Written]:
    """The letter's own words in both languages."""
    told = Told(
        template=bulk.template,
        recorded_at=bulk.until,
        decision=None,
        news=news_of(bulk, bulk.until),
    )
    found = []
    for locale in LOCALES:
        shown = body(told, Reader(letter_words(locale), _ZONE[locale]))
        gaps: dict[str, Any] = {**shown.gaps, "service": service}
        said = [str(shown.said[part]).format_map(gaps) for part in ("subject", "lead", "yes")]
        found.append(Written(locale, said[0], f"{said[1]}\n{said[2]}"))
    return found


def _state(bulk: Bulk, now: float) -> str:
    if bulk.undone_at is not None:
        return "undone"
    if bulk.leaves_at is None:
        return "waits" if bulk.waits(now) else "lapsed"
    return "leaving" if bulk.undoable_s(now) else "sent"


def _counted_at(said: str | None, now: float) -> float:
    """When the owners were counted (epoch seconds), so that those are told who were shown."""
    try:
        at = float(said or "")
    except ValueError:
        at = 0.0
    if not now - _GOOD_S <= at <= now:
        raise Problem(409, "page_too_old", "the owners were counted too long ago; open the page again")
    return at
