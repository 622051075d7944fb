"""Showing what is masked: one field, to one person, for a minute, with a reason; recorded, counted and watched."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from typing import Literal, get_args

from msgspec import Struct, structs
from sqlalchemy import Integer, cast, func, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from services.audit import audit_log
from services.desk.reveal_tables import reveals
from services.platform.metrics import REVEALS, UNUSUAL_REVEALS
from services.staff.members import Member

#: So long a field is shown, in seconds.
SHOWN_S = 60.0
Why = Literal["call_back", "check_words", "check_contact", "authority"]
WHYS: tuple[Why, ...] = get_args(Why)
#: What is usual for a person is taken from so many days; whoever is new here, or hardly reveals anything, is given so many a day.
_USUAL_DAYS, _LEAST_USUAL = 30, 3.0
#: More than so many times their usual is unusual.
UNUSUAL_TIMES = 3.0
_DAY_S = 86_400.0


class Reveal(Struct, frozen=True, kw_only=True):
    """A field that `actor` had shown from `at` to `until` (epoch seconds)."""

    reveal_id: str
    at: float
    until: float
    actor: str
    role: str
    account_id: str
    case_id: str
    field: str
    why: str


class Count(Struct, frozen=True):
    """Reveals of a person in the 24 h before, and on a usual day."""

    today: int
    usual: float

    @property
    def unusual(self) -> bool:
        """Whether these are more than three times their usual."""
        return self.today > UNUSUAL_TIMES * max(self.usual, _LEAST_USUAL)


class Person(Struct, frozen=True):
    """Reveals of one person in the last 24 h and in the 30 days before."""

    actor: str
    count: Count


async def reveal(
    connection: AsyncConnection,
    member: Member,
    account_id: str,
    case_id: str,
    field: str,
    why: Why,
    now: float,
) -> Reveal:
    """Record that the member has the field shown, in the caller's transaction; metrics and audit tell of too many."""
    made = Reveal(
        reveal_id=secrets.token_hex(16),
        at=now,
        until=now + SHOWN_S,
        actor=member.actor,
        role=member.role,
        account_id=account_id,
        case_id=case_id,
        field=field,
        why=why,
    )
    await connection.execute(insert(reveals).values(**structs.asdict(made)))
    await audit_log.record(connection, _entry(made, "reveal", f"{field} for {why}, case {case_id}"))
    REVEALS.labels(member.role).inc()
    count = await count_of(connection, member.actor, now)
    if count.unusual:
        UNUSUAL_REVEALS.inc()
        told = f"{count.today} in a day, usual {count.usual:.1f}"
        await audit_log.record(connection, _entry(made, "unusual_reveals", told))
    return made


def _entry(made: Reveal, action: str, reason: str) -> audit_log.Entry:
    return audit_log.Entry(
        at=made.at,
        action=action,
        result="shown",
        actor=made.actor,
        account_id=made.account_id,
        reason=reason,
    )


async def shown_now(connection: AsyncConnection, actor: str, case_id: str, now: float) -> dict[str, float]:
    """The fields of the case that this person has shown now, and until when."""
    query = select(reveals.c.field, func.max(reveals.c.until)).where(
        reveals.c.actor == actor, reveals.c.at > now - SHOWN_S, reveals.c.case_id == case_id
    )
    found = await connection.execute(query.group_by(reveals.c.field))
    return {field: until for field, until in found if until > now}


async def count_of(connection: AsyncConnection, actor: str, now: float) -> Count:
    """How many fields this person had shown in the last 24 h, and on a usual day of the 30 before."""
    found = await people(connection, now, actor)
    return found[0].count if found else Count(0, 0.0)


async def people(connection: AsyncConnection, now: float, actor: str | None = None) -> list[Person]:
    """Everybody who had a field shown in the last 31 days, or this person; who had the most in the last 24 h first."""
    day = (cast(now - reveals.c.at, Integer) // int(_DAY_S)).label("day")
    days = select(reveals.c.actor, day, func.count().label("many")).where(
        reveals.c.at > now - (_USUAL_DAYS + 1) * _DAY_S, reveals.c.at <= now
    )
    if actor is not None:
        days = days.where(reveals.c.actor == actor)
    by: dict[str, dict[int, int]] = {}
    for row in await connection.execute(days.group_by(reveals.c.actor, day)):
        by.setdefault(row.actor, {})[int(row.day)] = row.many
    found = []
    for name, many in by.items():
        before = [count for number, count in many.items() if number > 0]
        usual = sum(before) / len(before) if before else 0.0
        found.append(Person(name, Count(many.get(0, 0), usual)))
    return sorted(found, key=lambda each: (-each.count.today, each.actor))


async def newest(connection: AsyncConnection, limit: int, actor: str | None = None) -> Sequence[Reveal]:
    """The last reveals, of this person alone if one is named."""
    query = select(reveals).order_by(reveals.c.at.desc(), reveals.c.reveal_id).limit(limit)
    if actor is not None:
        query = query.where(reveals.c.actor == actor)
    return [Reveal(**row) for row in (await connection.execute(query)).mappings()]
