"""Incidents in SQL: findings become notices that are sent, or that join what was sent, each once.

Whoever takes in findings holds the accounts' open incidents until the transaction ends, and an account has one at most: several
processes come to the same incidents as one. A notice that is there already is left alone, so repeats change nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

from msgspec import Struct, structs
from sqlalchemy import func, or_, select, tuple_, update
from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.errors import Unavailable
from services.cases.classes import EXPECTED, FINDINGS
from services.cases.digests import put_into_digests
from services.cases.incidents import RANK, WINDOW_S, Finding, Incident, Telling, incident_id, take_in
from services.cases.owner_tables import incidents
from services.cases.tables import notices
from services.platform.database import insert_new

#: Why a notice was not sent: it joined an incident that its owner was told of.
JOINED = "joined_incident"
#: Why a letter that its owner expected was not sent: a decision's letter is about the same event.
DECIDED = "told_by_decision"
_FIELDS = [incidents.c[name] for name in Incident.__struct_fields__]


class Found(Struct, frozen=True, kw_only=True):
    """A notice of a finding about an event, not to be sent before `due_at`; `news` where no decision tells of it.

    `own` and `waits` as in `Finding`. Times are epoch seconds.
    """

    notice_id: str
    event_id: str
    account_id: str
    template: str
    at: float
    due_at: float
    own: bool = False
    waits: bool = False
    news: str | None = None

    @property
    def finding(self) -> Finding:
        """What the rule needs of it."""
        return Finding(
            notice_id=self.notice_id,
            account_id=self.account_id,
            severity=FINDINGS.get(self.template, "low"),
            at=self.at,
            own=self.own,
            waits=self.waits,
        )


async def tell(connection: AsyncConnection, found: Sequence[Found], window_s: float = WINDOW_S) -> None:
    """Put the notices of these findings down, in this order, inside the caller's transaction.

    Raises Unavailable when another process opened an incident of the same account in between: repeat the transaction.
    """
    if not found:
        return
    before = await _open_incidents(connection, sorted({each.account_id for each in found}))
    known = await _known(connection, found)
    now = dict(before)
    rows: list[dict[str, Any]] = []
    summed: list[tuple[float, dict[str, Any]]] = []
    closed: dict[str, float] = {}
    opened: dict[str, Incident] = {}
    for each in found:
        if each.notice_id in known:
            continue
        known.add(each.notice_id)
        current = now.get(each.account_id)
        incident, telling = take_in(current, each.finding, window_s)
        if current is not None and current.incident_id != incident.incident_id:
            closed[current.incident_id] = current.opened_at + window_s
        if incident.incident_id in opened or current is None or current.incident_id != incident.incident_id:
            opened[incident.incident_id] = incident
        now[each.account_id] = incident
        rows.append(_row(each, incident, telling))
        if telling == "summed_up":
            summed.append((incident.opened_at + window_s, rows[-1]))
    await _write(connection, before, now, opened, closed)
    await _stand_in(connection, rows)
    if rows:
        await connection.execute(insert_new(notices), rows)
    for due_at, row in summed:
        await put_into_digests(connection, [row], row["recorded_at"], due_at)


async def answer_incident(
    connection: AsyncConnection,
    account_id: str,
    event_id: str,
    answer: Literal["was_me", "not_me"],
    now: float,
) -> None:
    """Close the incident that the event belongs to, if there is one: its owner has answered.

    The first answer stays, but for a "was me" that whoever reads the owner's mail may have given: "not me" takes its place.
    """
    told_of = select(notices.c.incident_id).where(
        notices.c.account_id == account_id,
        notices.c.event_id == event_id,
        notices.c.incident_id.is_not(None),
    )
    gives_way = ["was_me"] if answer == "not_me" else []
    open_still = or_(incidents.c.answer.is_(None), incidents.c.answer.in_(gives_way))
    statement = (
        update(incidents)
        .where(incidents.c.incident_id.in_(told_of), open_still)
        .values(closed_at=func.coalesce(incidents.c.closed_at, now), answer=answer, answered_at=now)
    )
    await connection.execute(statement)


async def hand_over(connection: AsyncConnection, notice_ids: Sequence[str]) -> None:
    """None of these notices was sent: of what joined the incident of each, the gravest is sent in its place; else that ends.

    The caller has ended the notices.
    """
    query = select(notices.c.incident_id).where(
        notices.c.notice_id.in_(notice_ids), notices.c.incident_id.is_not(None)
    )
    for each in sorted(set((await connection.execute(query)).scalars())):
        of_incident = notices.c.incident_id == each
        left = (
            select(notices.c.notice_id, notices.c.template, notices.c.state, notices.c.last_error)
            .where(of_incident, notices.c.notice_id.not_in(notice_ids))
            .order_by(notices.c.recorded_at, notices.c.notice_id)
        )
        rows = (await connection.execute(left)).all()
        joined = [row for row in rows if row.state == "suppressed" and row.last_error == JOINED]
        if len(joined) < len(rows):
            continue
        if not joined:
            ended = update(incidents).where(incidents.c.incident_id == each, incidents.c.closed_at.is_(None))
            await connection.execute(ended.values(closed_at=incidents.c.last_at))
            continue
        heir = max(joined, key=lambda row: RANK[FINDINGS[row.template]])
        revived = {"state": "waiting", "ended_at": None, "last_error": None}
        await connection.execute(
            update(notices).where(notices.c.notice_id == heir.notice_id).values(**revived)
        )
        this = incidents.c.incident_id == each
        await connection.execute(update(incidents).where(this).values(severity=FINDINGS[heir.template]))


def _row(found: Found, incident: Incident, telling: Telling) -> dict[str, Any]:
    joined = telling == "joined"
    return {
        "notice_id": found.notice_id,
        "event_id": found.event_id,
        "account_id": found.account_id,
        "template": found.template,
        "recorded_at": found.at,
        "state": "suppressed" if joined else "waiting",
        "next_at": found.due_at,
        "news": found.news,
        "incident_id": incident.incident_id,
        "last_error": None if telling == "told" else JOINED,
        "ended_at": found.at if joined else None,
    }


async def _stand_in(connection: AsyncConnection, rows: Sequence[Mapping[str, Any]]) -> None:
    """What a decision tells of needs no letter that would have told of the same event without one."""
    by_decision = [row for row in rows if row["template"] not in EXPECTED and row["state"] == "waiting"]
    if not by_decision:
        return
    this = tuple_(notices.c.account_id, notices.c.event_id)
    statement = update(notices).where(
        this.in_([(row["account_id"], row["event_id"]) for row in by_decision]),
        notices.c.template.in_(sorted(EXPECTED)),
        notices.c.state == "waiting",
    )
    ended = {"state": "suppressed", "last_error": DECIDED, "ended_at": by_decision[-1]["recorded_at"]}
    await connection.execute(statement.values(**ended))


async def _open_incidents(connection: AsyncConnection, account_ids: Sequence[str]) -> dict[str, Incident]:
    query = (
        select(*_FIELDS)
        .where(incidents.c.account_id.in_(account_ids), incidents.c.closed_at.is_(None))
        .order_by(incidents.c.account_id)
        .with_for_update()
    )
    return {row["account_id"]: Incident(**row) for row in (await connection.execute(query)).mappings()}


async def _known(connection: AsyncConnection, found: Sequence[Found]) -> set[str]:
    """The notices that are there, or opened an incident that is: such a notice is gone on purpose."""
    would_open = {incident_id(each.notice_id): each.notice_id for each in found}
    notice = select(notices.c.notice_id).where(notices.c.notice_id.in_(sorted(would_open.values())))
    incident = select(incidents.c.incident_id).where(incidents.c.incident_id.in_(sorted(would_open)))
    known = set((await connection.execute(notice)).scalars())
    return known | {would_open[each] for each in (await connection.execute(incident)).scalars()}


async def _write(
    connection: AsyncConnection,
    before: Mapping[str, Incident],
    now: Mapping[str, Incident],
    opened: Mapping[str, Incident],
    closed: Mapping[str, float],
) -> None:
    """Close what is over, write what went on, and add what was opened: in this order, as one is open at a time."""
    for account_id, old in before.items():
        changed = structs.asdict(now[account_id]) if now[account_id].incident_id == old.incident_id else {}
        if old.incident_id in closed:
            changed = {"closed_at": closed[old.incident_id]}
        if changed:
            this = incidents.c.incident_id == old.incident_id
            await connection.execute(update(incidents).where(this).values(**changed))
    rows = [
        structs.asdict(structs.replace(each, closed_at=closed.get(each.incident_id)))
        for each in opened.values()
    ]
    if not rows:
        return
    rows.sort(key=lambda row: row["account_id"])
    kept = await connection.execute(insert_new(incidents).returning(incidents.c.incident_id), rows)
    if len(kept.all()) != len(rows):
        raise Unavailable("another process opened an incident of the same account", "database_conflict")
