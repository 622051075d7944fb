"""The queue: cases that wait for somebody, the most urgent first, and the next one by a press."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from fastapi import APIRouter, Request
from msgspec.structs import replace
from starlette.responses import Response

from services.cases.bulk import UNDO_S
from services.cases.queue import Counts, Filter
from services.cases.queue_service import QueueService, Shown
from services.cases.row_facts import NOTHING
from services.desk.colleagues import colleagues
from services.desk.frame import PREFIX, form, go_to, page, words
from services.desk.queue_filters import DUE_MINUTES, KINDS, Asked, asked_of, chips
from services.desk.queue_lines import (
    currency_of,
    groups,
    kind_name,
    line_of,
    span,
    spelled_left,
    start_of_day,
    unit,
)
from services.desk.service import desk_of
from services.portal.wording import Wording
from services.scoring.explain import Reasons
from services.staff.access import Agent, Reader
from services.staff.members import Member

router = APIRouter(prefix=PREFIX, include_in_schema=False)
_PAGE = 50
_SENIORS = frozenset({"senior", "security", "admin"})


def queue_of(request: Request) -> QueueService:
    """The application's queue."""
    return desk_of(request).cases.queue


def reasons_of(request: Request) -> Reasons:
    """The sentences of every detector's reasons."""
    return cast("Reasons", request.app.state.resources.reasons)


@router.get("")
async def queue_page(request: Request, member: Reader) -> Response:
    """The cases of a view, as far as the filters leave them."""
    queue, t = queue_of(request), words(member.locale)
    asked, now = asked_of(request.query_params), desk_of(request).clock()
    wanted = await _wanted(request, asked, member, now)
    counted = await queue.counts()
    shown = await queue.page(wanted, member.name, asked.after or None, _PAGE)
    currency = currency_of(shown.cases, shown.facts)
    reasons = reasons_of(request)
    lines = [
        line_of(case, shown.facts.get(case.case_id, NOTHING), t, reasons, now, currency)
        for case in shown.cases
    ]
    return await page(
        request,
        member,
        "queue",
        "queue",
        **await side(request, member, t, asked, counted, now),
        asked=asked,
        groups=groups(lines, t, now, member.time_zone),
        total=counted.of(asked.view, member.name, wanted if asked.narrowed else None),
        exact=not (asked.due or asked.q),
        chips=chips(asked, t),
        choices=await _choices(request, t),
        stake=t("queue.stake")
        if currency is None
        else t("queue.stake_in", currency=unit(currency, t.locale)),
        more=None if shown.cursor is None else replace(asked, after=shown.cursor).path,
        empty=None if lines else await _empty(request, member, t, asked, counted, now),
        toast=await toast_of(request, member, t),
        none_left="none" in request.query_params,
        now=now,
    )


@router.post("/next")
async def take_next(request: Request, member: Agent) -> Response:
    """Claim the most urgent case that nobody holds, and open it."""
    fields, _ = await form(request)
    kind = fields.get("kind", "")
    taken = await queue_of(request).next(
        member.name,
        member.actor,
        senior=member.role in _SENIORS,
        kind=kind if kind in KINDS else None,
    )
    return go_to(request, f"{PREFIX}?none=" if taken is None else f"{PREFIX}/cases/{taken.case_id}")


async def side(
    request: Request, member: Member, t: Wording, asked: Asked, counted: Counts, now: float
) -> dict[str, Any]:
    """What stands beside the list: the views and kinds with their counts, and the member's day."""
    of_kind = counted.kinds()
    day = await queue_of(request).day(member.actor, start_of_day(now, member.time_zone))
    my_day = t("queue.my_day_none")
    if day.closed:
        took = None if day.median_s is None else _took(day.median_s, t)
        closed = {"closed": day.closed, "median": took}
        my_day = t("queue.my_day_bare" if took is None else "queue.my_day_text", **closed)
        my_day += t("queue.my_day_back", reopened=day.reopened) if day.reopened else ""
    return {
        "views": [
            {"name": view, "count": count, "path": Asked(view=view).path}
            for view, count in counted.views(member.name).items()
        ],
        "kinds": [
            {
                "name": kind,
                "said": kind_name(kind, t),
                "count": of_kind.get(kind, 0),
                "path": asked.but(kind="" if kind == asked.kind else kind),
            }
            for kind in (*KINDS, *sorted(of_kind.keys() - set(KINDS)))
            if of_kind.get(kind, 0) or kind == asked.kind
        ],
        "my_day": my_day,
        "acts": member.allows("support"),
    }


async def toast_of(request: Request, member: Member, t: Wording) -> Mapping[str, Any] | None:
    """What the member did last to several cases, while it can be taken back; or that they took it back."""
    query = request.query_params
    if (undone := query.get("undone")) is not None:
        back, _, changed = undone.partition(".")
        if not (back.isdecimal() and changed.isdecimal() and len(undone) < 9):
            return {"text": t("bulk.too_late"), "undo": None, "left_s": 8}
        key = "bulk.undone" if changed == "0" else "bulk.undone_kept"
        return {"text": t(key, count=back, changed=changed), "undo": None, "left_s": 8}
    done = await queue_of(request).done(query.get("bulk", ""), member.actor)
    if done is None:
        return None
    one = "_one" if done.count == 1 else ""
    name = f"done_{'mine' if done.to == member.name else done.kind}{one}" if done.count else "done_none"
    text = t(f"bulk.{name}", count=done.count, name=done.to)
    left = query.get("left", "0")
    if left.isdecimal() and 0 < len(left) < 4 and left != "0":
        text = f"{text} {t('bulk.left', count=left)}"
    undo = f"{PREFIX}/bulk/{done.bulk_id}/undo" if done.count else None
    return {"text": text, "undo": undo, "left_s": max(1, int(done.at + UNDO_S - desk_of(request).clock()))}


async def _wanted(request: Request, asked: Asked, member: Member, now: float) -> Filter:
    wanted = asked.filter
    if asked.due:
        wanted = replace(wanted, due_before=now + asked.due * 60.0)
    if asked.q:
        wanted = await queue_of(request).named(wanted, asked.q, member.actor)
    return wanted


async def _choices(request: Request, t: Wording) -> dict[str, Any]:
    """What the form of filters offers."""
    return {
        "kinds": [(kind, kind_name(kind, t)) for kind in KINDS],
        "least": [
            (name, t("queue_filter.from", severity=t(f"queue_severity.{name}")))
            for name in ("medium", "high")
        ]
        + [("critical", t("queue_severity.critical"))],
        "people": [each.name for each in await colleagues(request)],
        "due": [(minutes, span(minutes * 60.0, t)) for minutes in DUE_MINUTES],
    }


async def _empty(
    request: Request, member: Member, t: Wording, asked: Asked, counted: Counts, now: float
) -> dict[str, Any]:
    """What an empty list says: what waits elsewhere."""
    if asked.narrowed or asked.after:
        return {"title": t("queue.none_found"), "text": t("queue.none_found_text"), "free": False}
    title, free = t(f"queue_empty.{asked.view}"), counted.of("unassigned", member.name)
    waits: Shown = await queue_of(request).page(Filter(view="unassigned"), member.name, None, 1)
    if not free or not waits.cases:
        return {"title": title, "text": t("queue_empty.nothing"), "free": False}
    case = waits.cases[0]
    line = line_of(case, waits.facts.get(case.case_id, NOTHING), t, reasons_of(request), now)
    late = case.next_due_at < now
    key = "free_late" if late else "free_one" if free == 1 else "free"
    left = spelled_left(case.next_due_at - now, t)
    text = t(f"queue_empty.{key}", count=free, left=left, what=line.said)
    return {"title": title, "text": text, "free": True}


def _took(seconds: float, t: Wording) -> str:
    minutes, rest = divmod(round(seconds), 60)
    if minutes >= 60:
        return span(seconds, t)
    return t("queue_span.minutes_seconds", m=minutes, s=rest) if minutes else t("queue_span.seconds", s=rest)
