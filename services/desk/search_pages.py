"""Search: what somebody read out or pasted, the exact hit first. Every search is recorded."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

from fastapi import APIRouter, Request
from msgspec import Struct
from starlette.responses import Response

from notifier import spelled
from services.cases.owners import Message
from services.cases.row_facts import NOTHING
from services.cases.search import Found, PayeeHit, tidy
from services.cases.states import Case
from services.desk.frame import PREFIX, page, words
from services.desk.queue_filters import Asked
from services.desk.queue_lines import Line, line_of
from services.desk.queue_pages import queue_of, reasons_of, side
from services.desk.service import desk_of
from services.portal.wording import Wording
from services.staff.access import Reader
from services.staff.members import Member

router = APIRouter(prefix=PREFIX, include_in_schema=False)


class Hit(Struct, frozen=True, kw_only=True):
    """One line: what was found, what is known of it, what stands at its end, and the page of it, if it has one."""

    name: str
    text: str
    end: str
    path: str | None = None


class Hits(Struct, frozen=True):
    """Hits of one kind."""

    title: str
    count: str
    hits: list[Hit]


@router.get("/search")
async def search_page(request: Request, member: Reader, q: str = "") -> Response:
    """Everything that is exactly what was asked for."""
    t, queue = words(member.locale), queue_of(request)
    asked, now = tidy(q), desk_of(request).clock()
    began = time.perf_counter()
    found = await queue.search(asked, member.actor)
    took_ms = round((time.perf_counter() - began) * 1000)
    facts = await queue.facts(found.cases)
    reasons = reasons_of(request)
    lines = [line_of(case, facts.get(case.case_id, NOTHING), t, reasons, now) for case in found.cases]
    key = "took_none" if not found.count else "took_one" if found.count == 1 else "took"
    return await page(
        request,
        member,
        "search",
        "queue",
        **await side(request, member, t, Asked(view="open"), await queue.counts(), now),
        asked=None,
        query=asked,
        took=t(f"search.{key}", count=found.count, ms=took_ms) if asked else "",
        found=[each for each in _hits(found, lines, member, t) if each.hits],
    )


def _hits(found: Found, lines: list[Line], member: Member, t: Wording) -> Iterator[Hits]:
    if found.account is not None:
        yield Hits(t("search.account"), t("search.exact"), [_account(found, member, t)])
    if found.payee is not None:
        yield Hits(t("search.payee"), t("search.exact"), [_payee(found.payee, member, t)])
    events = [
        Hit(
            name=each.event_id,
            text=t("search.event_of", account=each.account_id),
            end="" if each.at is None else spelled.moment(each.at, t.locale, member.time_zone),
            path=search_path(each.account_id),
        )
        for each in found.events
    ]
    yield Hits(t("search.events"), str(len(events)), events)
    yield Hits(t("search.cases"), str(len(lines)), [_case(line, member, t) for line in lines])
    letters = [_message(each, member, t) for each in found.messages]
    yield Hits(t("search.messages"), str(len(letters)), letters)


def search_path(text: str) -> str:
    """The address of a search."""
    return Asked(q=text).path


def _account(found: Found, member: Member, t: Wording) -> Hit:
    account: Any = found.account
    text = t("search.account_cases", open=account.open, count=account.cases)
    last = account.last_at
    return Hit(
        name=account.account_id,
        text=text + (t("search.account_frozen") if account.frozen else ""),
        end=t("search.account_silent")
        if last is None
        else t("search.account_last", moment=spelled.moment(last, t.locale, member.time_zone)),
        path=search_path(account.account_id) if account.cases else None,
    )


def _payee(payee: PayeeHit, member: Member, t: Wording) -> Hit:
    first = spelled.moment(payee.first_at, t.locale, member.time_zone)
    text = t("search.payee_text", first=first, day=payee.accounts_day, all=payee.accounts)
    text += t("search.payee_fraud", count=payee.fraud) if payee.fraud else ""
    ends = [t("search.payee_received", amount=spelled.money(*each, t.locale)) for each in payee.paid]
    ends += [t("search.payee_held", amount=spelled.money(*each, t.locale)) for each in payee.held]
    ends += [t("search.payee_more")] if payee.more else []
    return Hit(name=payee.payee_id, text=text, end=("，" if t.locale == "zh-CN" else ", ").join(ends))


def _case(line: Line, member: Member, t: Wording) -> Hit:
    return Hit(
        name=line.number,
        text=line.said,
        end=_stands(line, member, t),
        path=f"{PREFIX}/cases/{line.case.case_id}",
    )


def _stands(line: Line, member: Member, t: Wording) -> str:
    case: Case = line.case
    who = "" if case.assignee is None else t("queue.you") if case.assignee == member.name else case.assignee
    by = t("search.held_by", name=who) if who else ""
    if case.resolved_at is not None:
        return by + t("search.closed", moment=spelled.moment(case.resolved_at, t.locale, member.time_zone))
    return by + t("search.left", left=line.left)


def _message(message: Message, member: Member, t: Wording) -> Hit:
    telling = message.telling
    ways = sorted({_word("queue_channel", each.channel, t) for each in telling.tries})
    at = spelled.moment(telling.recorded_at, t.locale, member.time_zone)
    return Hit(
        name=telling.reference,
        text=t("search.event_of", account=message.account_id),
        end=" · ".join([*ways, _word("queue_told", telling.state, t), at]),
        path=search_path(message.account_id),
    )


def _word(section: str, name: str, t: Wording) -> str:
    key = f"{section}.{name}"
    return t(key) if key in t else name
