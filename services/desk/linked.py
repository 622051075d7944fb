"""Accounts that have a device, a network or a payee in common with a case, counted in bounded look-ups over activity."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

from msgspec import Struct
from sqlalchemy import Select, func, literal, select, union_all
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
    """The accounts of each key besides this one; keys of nobody else are left out. Two queries, however many keys."""
    if not keys:
        return []
    query = union_all(*(_accounts(index, key, until) for index, key in enumerate(keys)))
    seen: dict[int, dict[str, tuple[float, int]]] = {index: {} for index in range(len(keys))}
    for row in await connection.execute(query):
        seen[row.place][row.account_id] = (row.last_at, row.events)
    others = [{name: at for name, at in seen[index].items() if name != account_id} for index in seen]
    shared = [
        key.by == "network" and len(accounts) > SHARED_BY for key, accounts in zip(keys, others, strict=True)
    ]
    looked_up = [
        name
        for accounts, crowd in zip(others, shared, strict=True)
        if not crowd
        for name in sorted(accounts)[:_LOOKED_UP]
    ]
    frauds = await _frauds(connection, looked_up)
    return [
        _linked(key, accounts, sum(events for _, events in seen[index].values()), frauds, crowd, until)
        for index, (key, accounts, crowd) in enumerate(zip(keys, others, shared, strict=True))
        if accounts
    ]


def _accounts(place: int, key: Key, until: float) -> Select[Any]:
    """The accounts of the newest events of a key, each with its last event and how many it had among these."""
    newest = (
        select(activity.c.account_id, activity.c.at)
        .where(_COLUMNS[key.by] == key.key, since(until - _BACK_S), activity.c.at <= until)
        .order_by(activity.c.at.desc())
        .limit(_EVENTS)
        .subquery()
    )
    return select(
        literal(place).label("place"),
        newest.c.account_id,
        func.max(newest.c.at).label("last_at"),
        func.count().label("events"),
    ).group_by(newest.c.account_id)


def _linked(
    key: Key,
    accounts: Mapping[str, tuple[float, int]],
    events: int,
    frauds: frozenset[str],
    crowd: bool,
    until: float,
) -> Linked:
    order = sorted(accounts, key=lambda name: (name not in frauds, -accounts[name][0], name))
    return Linked(
        key=key,
        count=len(accounts),
        lately=sum(at >= until - _LATELY_S for at, _ in accounts.values()),
        frauds=0 if crowd else len(frauds & set(accounts)),
        more=events >= _EVENTS,
        shared=crowd,
        accounts=[] if crowd else [(name, name in frauds) for name in order[:_NAMED]],
    )


async def _frauds(connection: AsyncConnection, accounts: Sequence[str]) -> frozenset[str]:
    if not accounts:
        return frozenset()
    query = select(cases.c.account_id).where(
        cases.c.account_id.in_(sorted(set(accounts))), cases.c.verdict == "fraud"
    )
    return frozenset((await connection.execute(query)).scalars())
