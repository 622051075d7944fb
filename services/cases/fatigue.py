"""How tired owners may be of us: how much they are told, how much of it they answer, and which detector cries wolf.

What is measured are the letters of 30 days, the newest ones where they are too many to count within a moment.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from msgspec import Struct, json
from sqlalchemy import and_, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.decisions import Decision
from services.cases.answer_tables import answer_links
from services.cases.message_tables import ACCOUNT, TAKEN, messages
from services.cases.tables import notices, recorded_decisions

DAYS = 30
SINCE_S = DAYS * 86_400.0
#: So many letters and answers are looked at, whatever there is.
MOST_LETTERS, MOST_ANSWERS = 50_000, 5000
#: What `Fatigue.letters` calls a letter that nobody answered.
NONE = "none"
_decode = json.Decoder(Decision).decode


class Fatigue(Struct, frozen=True, kw_only=True):
    """Of the letters looked at: how many `messages` reached how many `accounts`; how many there were of each template and answer;
    and of the answers, how many were about what each detector had found.
    """

    accounts: int
    messages: int
    letters: Mapping[tuple[str, str], int]
    detectors: Mapping[tuple[str, str], int]


async def measured(connection: AsyncConnection, now: float) -> Fatigue:
    """The measure at that time."""
    recent = (
        select(notices.c.notice_id, notices.c.account_id, notices.c.template)
        .where(notices.c.ended_at >= now - SINCE_S, notices.c.state == "delivered")
        .order_by(notices.c.ended_at.desc())
        .limit(MOST_LETTERS)
        .subquery()
    )
    taken = and_(
        messages.c.notice_id == recent.c.notice_id,
        messages.c.state.in_(TAKEN),
        messages.c.address_key != ACCOUNT,
    )
    told = select(func.count(), func.count(recent.c.account_id.distinct())).select_from(
        recent.join(messages, taken)
    )
    answered = recent.outerjoin(answer_links, answer_links.c.notice_id == recent.c.notice_id)
    by_template = (
        select(recent.c.template, answer_links.c.answer, func.count())
        .select_from(answered)
        .group_by(recent.c.template, answer_links.c.answer)
    )
    count, accounts = (await connection.execute(told)).one()
    letters = {
        (template, answer or NONE): int(of) for template, answer, of in await connection.execute(by_template)
    }
    return Fatigue(
        accounts=accounts,
        messages=count,
        letters=letters,
        detectors=await detectors_answered(connection, now - SINCE_S),
    )


async def detectors_answered(
    connection: AsyncConnection, since: float, until: float | None = None
) -> Counter[tuple[str, str]]:
    """Owners' answers from `since` until before `until` (epoch seconds) by detector and answer, of the newest MOST_ANSWERS: each
    detector that acted on what was asked about counts it once."""
    answered = answer_links.c.answered_at >= since
    if until is not None:
        answered = and_(answered, answer_links.c.answered_at < until)
    query = (
        select(answer_links.c.answer, recorded_decisions.c.body)
        .join(
            recorded_decisions,
            and_(
                recorded_decisions.c.account_id == answer_links.c.account_id,
                recorded_decisions.c.event_id == answer_links.c.event_id,
            ),
        )
        .where(answered)
        .order_by(answer_links.c.answered_at.desc())
        .limit(MOST_ANSWERS)
    )
    found: Counter[tuple[str, str]] = Counter()
    for answer, body in await connection.execute(query):
        acted = {each.detector for each in _decode(body).findings if each.mode == "on"}
        found.update((detector, answer) for detector in acted)
    return found
