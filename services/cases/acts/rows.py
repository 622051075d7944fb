"""Acts in SQL: kept once by their id, ended once. Each function works inside the caller's transaction."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

from msgspec import Struct, json
from sqlalchemy import and_, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from services.cases.acts.asked import Asked, Off
from services.cases.acts.tables import case_mentions, desk_acts
from services.cases.end_notices import TAKE_BACK_S

Outcome = Literal["done", "undone", "returned"]
#: Of one person's acts that came back so many are told at once.
_MOST = 50
_asked = json.Decoder(Asked).decode
_off = json.Decoder(Off).decode


class Kept(Struct, frozen=True, kw_only=True):
    """An act as it is kept; times in epoch seconds. `why` it went back to whoever asked; `outcome` None: it waits."""

    act_id: str
    case_id: str
    account_id: str
    kind: str
    asked: Asked
    case_version: int
    by: str
    at: float
    leaves_at: float
    undone_at: float | None = None
    done_at: float | None = None
    outcome: Outcome | None = None
    why: Off | None = None


class Mention(Struct, frozen=True, kw_only=True):
    """A note that names a colleague."""

    act_id: str
    name: str
    case_id: str
    by: str
    at: float


def kept_row(kept: Kept) -> dict[str, Any]:
    """The row of the act."""
    row = {name: getattr(kept, name) for name in Kept.__struct_fields__ if name not in ("asked", "why")}
    return row | {"body": json.encode(kept.asked).decode()}


async def kept_of(connection: AsyncConnection, act_id: str, *, lock: bool = False) -> Kept | None:
    """The act of that id, locked until the transaction ends if asked."""
    query = select(desk_acts).where(desk_acts.c.act_id == act_id)
    row = (await connection.execute(query.with_for_update() if lock else query)).mappings().one_or_none()
    return None if row is None else _kept(row)


async def leaving_of(connection: AsyncConnection, case_id: str) -> list[Kept]:
    """Acts on the case that wait, oldest first."""
    query = select(desk_acts).where(desk_acts.c.case_id == case_id, desk_acts.c.outcome.is_(None))
    rows = (await connection.execute(query.order_by(desk_acts.c.leaves_at).limit(_MOST))).mappings()
    return [_kept(row) for row in rows]


class OnCase(Struct, frozen=True, kw_only=True):
    """Acts on a case: those that wait, oldest first; those that went back to one person who has not seen to them, newest first;
    and what that person asked for last while it may still be taken back, None when there is nothing."""

    leaving: list[Kept]
    returned: list[Kept]
    recent: Kept | None


async def on_case(
    connection: AsyncConnection, case_id: str, by: str, now: float, take_back_s: float = TAKE_BACK_S
) -> OnCase:
    """Acts on the case as they concern this person."""
    table = desk_acts.c
    back = and_(table.outcome == "returned", table.seen_at.is_(None))
    mine = and_(table.by == by, or_(back, table.at > now - take_back_s))
    query = select(desk_acts).where(table.case_id == case_id, or_(table.outcome.is_(None), mine))
    rows = (
        (await connection.execute(query.order_by(table.at.desc(), table.act_id).limit(4 * _MOST)))
        .mappings()
        .all()
    )
    found = [_kept(row) for row in rows]
    unseen = {row["act_id"] for row in rows if row["outcome"] == "returned" and row["seen_at"] is None}
    recent = [each for each in found if each.by == by and each.at > now - take_back_s]
    return OnCase(
        leaving=sorted((each for each in found if each.outcome is None), key=lambda each: each.leaves_at),
        returned=sorted(
            (each for each in found if each.act_id in unseen and each.by == by),
            key=lambda each: -(each.done_at or 0.0),
        ),
        recent=next((each for each in recent if each.outcome in (None, "done")), None),
    )


async def returned_of(connection: AsyncConnection, by: str) -> list[Kept]:
    """Acts that went back to this person and that they have not seen to, newest first."""
    back = desk_acts.c.outcome == "returned", desk_acts.c.seen_at.is_(None), desk_acts.c.by == by
    query = select(desk_acts).where(*back).order_by(desk_acts.c.done_at.desc()).limit(_MOST)
    return [_kept(row) for row in (await connection.execute(query)).mappings()]


async def mark(
    connection: AsyncConnection, act_id: str, outcome: Outcome, now: float, why: str | None = None
) -> bool:
    """End an act that waits; False when it has ended."""
    waits = desk_acts.c.act_id == act_id, desk_acts.c.outcome.is_(None)
    values = {"outcome": outcome, "why": why, "undone_at" if outcome == "undone" else "done_at": now}
    return (await connection.execute(update(desk_acts).where(*waits).values(values))).rowcount == 1


async def mentions_of(connection: AsyncConnection, name: str) -> Sequence[Mention]:
    """Notes that name this colleague and that they have not seen to, newest first."""
    columns = [case_mentions.c[each] for each in Mention.__struct_fields__]
    query = select(*columns).where(case_mentions.c.name == name, case_mentions.c.seen_at.is_(None))
    rows = (await connection.execute(query.order_by(case_mentions.c.at.desc()).limit(_MOST))).mappings()
    return [Mention(**row) for row in rows]


async def mention_seen(connection: AsyncConnection, act_id: str, name: str, now: float) -> None:
    """The colleague has seen it."""
    this = case_mentions.c.act_id == act_id, case_mentions.c.name == name
    await connection.execute(update(case_mentions).where(*this).values(seen_at=now))


async def for_me(connection: AsyncConnection, by: str, name: str) -> int:
    """How many acts came back to this person, and notes name them."""
    back = desk_acts.c.outcome == "returned", desk_acts.c.seen_at.is_(None), desk_acts.c.by == by
    mine = case_mentions.c.name == name, case_mentions.c.seen_at.is_(None)
    returned = select(func.count()).select_from(desk_acts).where(*back).scalar_subquery()
    named = select(func.count()).select_from(case_mentions).where(*mine).scalar_subquery()
    return int(await connection.scalar(select(returned + named)) or 0)


def _kept(row: Mapping[Any, Any]) -> Kept:
    why = None if row["why"] is None else _off(row["why"])
    values = {name: row[name] for name in Kept.__struct_fields__ if name not in ("asked", "why")}
    return Kept(**values, asked=_asked(row["body"]), why=why)
