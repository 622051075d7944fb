"""Several cases at once: what will happen first, where it is more than taking them, and half a minute to take it back."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Request
from starlette.responses import Response

from services.cases.bulk import Done
from services.cases.queue_states import SNOOZE_S
from services.cases.references import case_number
from services.cases.row_facts import NOTHING
from services.cases.states import Case
from services.desk.colleagues import colleagues
from services.desk.frame import PREFIX, form, go_to, own_path, page, words
from services.desk.queue_lines import line_of, start_of_day
from services.desk.queue_pages import queue_of, reasons_of
from services.desk.service import desk_of
from services.portal.wording import Wording
from services.staff.access import Agent
from services.staff.members import Member

router = APIRouter(prefix=f"{PREFIX}/bulk", include_in_schema=False)
_UNTIL = ("hour", "4_hours", "tomorrow", "week")
_OPENS = 9
_MOST_WHY = 500


@router.post("")
async def bulk(request: Request, member: Agent) -> Response:
    """Do it to the picked cases; where more must be said, ask for it and say what will happen."""
    fields, many = await form(request, "case")
    picked, back = many["case"], own_path(fields.get("next"))
    queue, act = queue_of(request), fields.get("act", "")
    if not picked or act not in ("take", "give", "snooze", "merge"):
        return go_to(request, back)
    if act == "take":
        return _after(request, back, await queue.assign(picked, member.name, member.actor))
    if act == "give" and fields.get("to") in {each.name for each in await colleagues(request)}:
        return _after(request, back, await queue.assign(picked, fields["to"], member.actor))
    if act == "merge" and "sure" in fields:
        return _after(request, back, await queue.merge(picked, member.actor))
    wrong = None
    if act == "snooze" and "why" in fields:
        until = _until(fields.get("until", ""), fields.get("date", ""), member, desk_of(request).clock())
        why = " ".join(fields["why"].split())[:_MOST_WHY]
        if until is not None and why:
            return _after(request, back, await queue.snooze(picked, until, why, member.actor))
        wrong = "snooze_bad" if until is None else "snooze_no_why"
    return await _asks(request, member, act, picked, back, wrong, fields.get("why", ""))


@router.post("/{bulk_id}/undo")
async def undo(request: Request, member: Agent, bulk_id: str) -> Response:
    """Take it back."""
    await form(request)
    undone = await queue_of(request).undo(bulk_id, member.actor)
    if undone is None:
        return go_to(request, f"{PREFIX}?undone=late")
    return go_to(request, f"{PREFIX}?undone={len(undone.back)}.{len(undone.changed)}")


def _after(request: Request, back: str, done: Done) -> Response:
    """The page that the act came from, which offers to take it back."""
    left = f"&left={len(done.left)}" if done.left else ""
    joint = "&" if "?" in back else "?"
    return go_to(request, f"{back}{joint}bulk={done.bulk_id}{left}")


async def _asks(
    request: Request, member: Member, act: str, picked: Sequence[str], back: str, wrong: str | None, why: str
) -> Response:
    """What will happen, and what must be said before it does."""
    t, now = words(member.locale), desk_of(request).clock()
    queue = queue_of(request)
    found, into = await queue.picked(picked)
    facts = await queue.facts([*found, *into.values()])
    reasons = reasons_of(request)
    lines = {
        case.case_id: line_of(case, facts.get(case.case_id, NOTHING), t, reasons, now)
        for case in (*found, *into.values())
    }
    one = "_one" if len(found) == 1 and act != "merge" else ""
    values: dict[str, Any] = {
        "act": act,
        "title": t(f"bulk.{act}_title{one}", count=len(found)),
        "lines": [lines[case.case_id] for case in found],
        "back": back,
        "wrong": None if wrong is None else t(f"bulk.{wrong}"),
        "why": why,
        "people": await colleagues(request) if act == "give" else [],
        "until": _UNTIL,
        "least": _date(now, member, 1),
        "most": _date(now, member, int(SNOOZE_S // 86_400)),
        "merges": [],
        "may": True,
    }
    if act == "merge":
        values["merges"] = [_merges(case, into, lines, t) for case in found]
        values["may"] = any(_goes(case, into) for case in found)
    status = 200 if wrong is None else 422
    return await page(request, member, "queue-bulk", "queue", status, **values)


def _goes(case: Case, into: Any) -> bool:
    return case.case_id in into and case.kind != "risk" and case.state != "resolved"


def _merges(case: Case, into: Any, lines: Any, t: Wording) -> dict[str, Any]:
    """What becomes of one case that is to be closed as a duplicate."""
    number = case_number(case.case_id)
    if _goes(case, into):
        other = into[case.case_id]
        what = lines[other.case_id].said
        return {
            "ends": True,
            "text": t("bulk.merge_into", number=number, other=case_number(other.case_id), what=what),
        }
    if any(other.case_id == case.case_id for other in into.values()):
        return {"ends": False, "text": t("bulk.merge_keep", number=number)}
    return {
        "ends": False,
        "text": t("bulk.merge_risk" if case.kind == "risk" else "bulk.merge_none", number=number),
    }


def _until(chosen: str, date: str, member: Member, now: float) -> float | None:
    """When a snooze ends (epoch seconds), on the member's clock; None for what is no time ahead, within 180 days."""
    zone = ZoneInfo(member.time_zone)
    if date:
        try:
            until = datetime.fromisoformat(date).replace(tzinfo=zone).timestamp()
        except ValueError:
            return None
    elif chosen in ("hour", "4_hours"):
        until = now + (3600.0 if chosen == "hour" else 4 * 3600.0)
    elif chosen in _UNTIL:
        day = datetime.fromtimestamp(start_of_day(now, member.time_zone), zone)
        until = (day + timedelta(days=1 if chosen == "tomorrow" else 7, hours=_OPENS)).timestamp()
    else:
        return None
    return until if now < until <= now + SNOOZE_S else None


def _date(now: float, member: Member, days: int) -> str:
    here = datetime.fromtimestamp(now, ZoneInfo(member.time_zone))
    return (here + timedelta(days=days)).date().isoformat()
