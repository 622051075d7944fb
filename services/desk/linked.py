"""Accounts that have a device, a network or a payee in common with a case, counted in bounded look-ups over activity."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

from msgspec import Struct
from sqlalchemy import Row, Select, Subquery, case, func, literal, select, union_all
from sqlalchemy.ext.asyncio import AsyncConnection

from services.activity.recent import since
from services.activity.tables import activity
from services.cases.tables import cases
from services.desk.case_file import CaseFile

By = Literal["device", "payee", "network"]
_COLUMNS = {
    "device": activity.c.device_key,
    "payee": activity.c.payee_key,
    "network": activity.c.network_key,
}
#: Looked for so far back, in so many of the newest events of each key; so many keys of a sort.
BACK_DAYS = 90
_BACK_S, _EVENTS, _KEYS = BACK_DAYS * 86_400.0, 400, 3
_LATELY_S = 86_400.0
#: More accounts than this share a network because many people do.
SHARED_BY = 50
#: So many accounts at most are named, and looked up for earlier fraud.
_NAMED, _LOOKED_UP = 5, 200


class Key(Struct, frozen=True):
    """What is in common: its sort, its keyed hash, what it is called and, of a network, its kind."""

    by: By
    key: bytes
    name: str
    kind: str | None = None


class Linked(Struct, frozen=True, kw_only=True):
    """The other accounts of a key: how many in 90 days and in the last 24 h, how many of them had a case that ended as fraud.

    `more`: the look-up ended before all of them were seen. `shared`: so many share the network that it links nobody; then fraud
    is not looked for. `accounts` are some of them, those with fraud first.
    """

    key: Key
    count: int
    lately: int
    frauds: int
    more: bool
    shared: bool
    accounts: Sequence[tuple[str, bool]]


def keys_of(file: CaseFile) -> list[Key]:
    """What the case's own events came from and went to: at most three devices, payees and networks, the newest first."""
    own = file.event_ids
    found: dict[tuple[str, bytes], Key] = {}
    for row in file.rows:
        if row.event_id not in own:
            continue
        told = (
            ("device", row.device_key, row.device or "", None),
            ("payee", row.payee_key, row.payee_id or "", None),
            ("network", row.network_key, "", row.network_kind),
        )
        for by, key, name, kind in told:
            if key is not None and sum(each[0] == by for each in found) < _KEYS:
                found.setdefault((by, key), Key(by, key, name, kind))  # type: ignore[arg-type]
    return sorted(found.values(), key=lambda each: ("device", "payee", "network").index(each.by))


async def linked_to(
    connection: AsyncConnection, account_id: str, keys: Sequence[Key], until: float
) -> list[Linked]:
    """The accounts of each key besides this one; keys of nobody else are left out. One query, however many keys."""
    if not keys:
        return []
    query = union_all(*(_named(index, key, account_id, until) for index, key in enumerate(keys)))
    found: dict[int, list[Row[Any]]] = {}
    for row in (await connection.execute(query)).all():
        found.setdefault(row.place, []).append(row)
    return [_linked(keys[place], rows) for place, rows in sorted(found.items())]


def _named(place: int, key: Key, account_id: str, until: float) -> Select[Any]:
    """The accounts of a key that are named, each beside what is true of all the others of that key."""
    others = _others(key, account_id, until)
    looked_up = others.c.newest <= _LOOKED_UP
    if key.by == "network":
        looked_up &= others.c.count <= SHARED_BY
    # With a limit each is looked up by its index; an EXISTS would be answered by reading every fraud there is.
    a_fraud = (
        select(literal(1))
        .where(cases.c.account_id == others.c.account_id, cases.c.verdict == "fraud")
        .correlate(others)
        .limit(1)
        .scalar_subquery()
    )
    fraud = case((looked_up, func.coalesce(a_fraud, 0)), else_=0).label("fraud")
    marked = select(others, fraud).subquery()
    shown = (
        select(literal(place).label("place"), marked, func.sum(marked.c.fraud).over().label("frauds"))
        .order_by(marked.c.fraud.desc(), marked.c.newest)
        .limit(_NAMED)
        .subquery()
    )
    return select(shown)


def _others(key: Key, account_id: str, until: float) -> Subquery:
    """The other accounts of the newest events of a key, the last seen first: `count` and `lately` of them, `events` of all."""
    newest = (
        select(activity.c.account_id, activity.c.at)
        .where(_COLUMNS[key.by] == key.key, since(until - _BACK_S), activity.c.at <= until)
        .order_by(activity.c.at.desc())
        .limit(_EVENTS)
        .subquery()
    )
    last_at = func.max(newest.c.at)
    accounts = (
        select(newest.c.account_id, last_at.label("last_at"), func.sum(func.count()).over().label("events"))
        .group_by(newest.c.account_id)
        .subquery()
    )
    lately = case((accounts.c.last_at >= until - _LATELY_S, 1), else_=0)
    order = (accounts.c.last_at.desc(), accounts.c.account_id)
    return (
        select(
            accounts.c.account_id,
            accounts.c.events,
            func.count().over().label("count"),
            func.sum(lately).over().label("lately"),
            func.row_number().over(order_by=order).label("newest"),
        )
        .where(accounts.c.account_id != account_id)
        .subquery()
    )


def _linked(key: Key, rows: Sequence[Row[Any]]) -> Linked:
    rows = sorted(rows, key=lambda row: (-row.fraud, row.newest))
    first = rows[0]._mapping
    crowd = key.by == "network" and first["count"] > SHARED_BY
    return Linked(
        key=key,
        count=first["count"],
        lately=int(first["lately"]),
        frauds=int(first["frauds"]),
        more=first["events"] >= _EVENTS,
        shared=crowd,
        accounts=[] if crowd else [(row.account_id, bool(row.fraud)) for row in rows],
    )
