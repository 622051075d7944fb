"""Cases that were opened for what an attack only tried: laid aside while nothing gave way, and back in the queue once it did."""

from __future__ import annotations

from sqlalchemy import ColumnElement, and_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from services.activity.recent import since
from services.activity.tables import activity
from services.attacks.keeping import BY_ITSELF
from services.attacks.sizes import EDGE_S
from services.attacks.tables import attack_accounts, attack_sources, attacks
from services.cases import queue_states, states
from services.cases.case_rows import write
from services.cases.tables import case_entries, cases

#: After so long somebody looks at them all the same.
_ASIDE_S = 30 * 86_400.0
_MOST = 200
#: As history has them.
ASIDE, BACK = "snoozed", "woken"


async def lay_aside(connection: AsyncConnection, attack_id: str, begun_at: float, now: float) -> int:
    """Snooze open cases that nobody holds or has touched, and that are about failed attempts of this attack alone; how many.

    Raises Unavailable when one was changed meanwhile. What comes to such a case wakes it, as it wakes any.
    """
    mine = (
        select(attack_accounts.c.account_id)
        .where(attack_accounts.c.attack_id == attack_id, attack_accounts.c.gave_way_at.is_(None))
        .scalar_subquery()
    )
    wanted = and_(
        cases.c.account_id.in_(mine),
        cases.c.kind == "risk",
        cases.c.state == "open",
        cases.c.assignee.is_(None),
        cases.c.waiting_for.is_(None),
        cases.c.snoozed_until.is_(None),
        cases.c.escalated_at.is_(None),
        cases.c.opened_at >= begun_at - EDGE_S,
        ~_entries(~_tried_by(attack_id, begun_at)),
        ~_entries(case_entries.c.actor != BY_ITSELF),
    )
    found = 0
    for case in await _cases(connection, wanted):
        aside = queue_states.snoozed(case, now + _ASIDE_S, now)
        await write(connection, case, aside, ASIDE, BY_ITSELF, f"attack {attack_id}")
        found += 1
    return found


async def bring_back(connection: AsyncConnection, attack_id: str, now: float) -> int:
    """Wake the cases that were laid aside for this attack and whose accounts have given way since; how many."""
    gave_way = (
        select(attack_accounts.c.account_id)
        .where(attack_accounts.c.attack_id == attack_id, attack_accounts.c.gave_way_at.is_not(None))
        .scalar_subquery()
    )
    entry = case_entries.c
    laid = _entries(and_(entry.actor == BY_ITSELF, entry.kind == ASIDE, entry.note == f"attack {attack_id}"))
    wanted = and_(
        cases.c.account_id.in_(gave_way), cases.c.state == "open", cases.c.snoozed_until > now, laid
    )
    found = 0
    for case in await _cases(connection, wanted):
        await write(connection, case, queue_states.awake(case, now), BACK, BY_ITSELF, f"attack {attack_id}")
        found += 1
    return found


async def to_look_after(connection: AsyncConnection, since_s: float) -> list[tuple[str, float]]:
    """The attacks whose cases are looked after, by number, and when each began: those of late."""
    query = select(attacks.c.attack_id, attacks.c.begun_at).where(attacks.c.last_at >= since_s)
    return [(row[0], row[1]) for row in await connection.execute(query.order_by(attacks.c.attack_id))]


def _entries(which: ColumnElement[bool]) -> ColumnElement[bool]:
    """Whether the case has such entries."""
    return (
        select(case_entries.c.sequence)
        .where(case_entries.c.case_id == cases.c.case_id, which)
        .correlate(cases)
        .exists()
    )


def _tried_by(attack_id: str, begun_at: float) -> ColumnElement[bool]:
    """Whether the entry is about an attempt that failed from an address of the attack."""
    return (
        select(activity.c.event_id)
        .join(attack_sources, attack_sources.c.source_key == activity.c.ip_key)
        .where(
            attack_sources.c.attack_id == attack_id,
            activity.c.account_id == cases.c.account_id,
            activity.c.event_id == case_entries.c.event_id,
            activity.c.outcome.in_(["failure", "failed"]),
            since(begun_at - EDGE_S),
        )
        .correlate(cases, case_entries)
        .exists()
    )


async def _cases(connection: AsyncConnection, wanted: ColumnElement[bool]) -> list[states.Case]:
    query = select(cases).where(wanted).order_by(cases.c.case_id).limit(_MOST).with_for_update()
    return [states.Case(**row) for row in (await connection.execute(query)).mappings()]
