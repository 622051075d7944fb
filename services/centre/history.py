"""An account's activity and messages as one list, newest first, in pages; read from SQL."""

from __future__ import annotations

import heapq
from collections.abc import Collection, Sequence
from typing import Literal

from msgspec import Struct, json
from sqlalchemy import ColumnElement, and_, func, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from services.activity.recent import newest, of_types
from services.activity.rows import Row
from services.activity.tables import activity
from services.cases.hold_tables import held_payments
from services.cases.incident_rows import DECIDED, JOINED
from services.cases.owners import Telling, tellings_of
from services.cases.references import notice_ids
from services.cases.tables import notices, recorded_decisions
from services.centre.lines import Fate, Message, fates_of
from services.platform import cursors

Shown = Literal["all", "money", "logins", "changes", "messages"]
#: How far back the list goes: what the law asks wallets to show, and what is kept of money.
KEPT_DAYS = 400
_KEPT_S = KEPT_DAYS * 86_400.0
_CHANGES = ("account_change", "owner_act", "user_report", "settlement", "challenge_outcome")
#: A label is support's word, not something that happened to its owner.
TYPES: dict[Shown, tuple[str, ...]] = {
    "all": ("login", "transaction", *_CHANGES),
    "money": ("transaction",),
    "logins": ("login",),
    "changes": _CHANGES,
    "messages": (),
}
_BETWEEN = "~"
#: Why a notice never was a message of its own: another one told of the same matter.
_TOLD_OTHERWISE = (JOINED, DECIDED)


class _Action(Struct, frozen=True):
    """Of a recorded decision, its action alone."""

    action: str


_action_of = json.Decoder(_Action).decode


class Search(Struct, frozen=True):
    """What the reader typed, and the English names of cities and codes of countries that they may mean by it."""

    text: str
    cities: Collection[str] = ()
    countries: Collection[str] = ()


class Found(Struct, frozen=True):
    """A page of the list: rows and messages, newest first, how events were stopped, and the cursor of what follows.

    `told` is what became of each message, by its notice.
    """

    items: Sequence[Row | Message]
    fates: dict[str, Fate]
    cursor: str | None
    told: dict[str, Telling] = {}


async def page_of(
    connection: AsyncConnection,
    account_id: str,
    shown: Shown,
    now: float,
    *,
    search: Search | None = None,
    cursor: str | None = None,
    limit: int = 50,
    with_messages: bool = True,
) -> Found:
    """At most `limit` of what happened in KEPT_DAYS until epoch seconds `now`. Raises Malformed for a cursor that is not ours."""
    places = _places(cursor)
    rows: list[Row | Message] = []
    messages: list[Row | Message] = []
    if TYPES[shown]:
        rows = [*await _rows(connection, account_id, shown, now, search, places[0], limit + 1)]
    if with_messages and shown in ("all", "messages"):
        messages = [*await _messages(connection, account_id, now - _KEPT_S, search, places[1], limit + 1)]
    # Both lists are sorted by their database: where times are alike, whatever stands first there comes first here.
    merged = list(heapq.merge(rows, messages, key=lambda each: -each.at))
    items = merged[:limit]
    following = None if len(merged) <= limit else _after(items, places)
    told = await tellings_of(connection, [each.notice_id for each in items if isinstance(each, Message)])
    return Found(
        items,
        await fates(connection, account_id, [each for each in items if isinstance(each, Row)]),
        following,
        told,
    )


async def fates(connection: AsyncConnection, account_id: str, rows: Sequence[Row]) -> dict[str, Fate]:
    """How the events of the rows were stopped, if they were, by event id."""
    names = [row.event_id for row in rows]
    if not names:
        return {}
    held = select(held_payments.c.event_id, held_payments.c.state).where(
        held_payments.c.account_id == account_id, held_payments.c.event_id.in_(names)
    )
    decided = select(recorded_decisions.c.event_id, recorded_decisions.c.body).where(
        recorded_decisions.c.account_id == account_id, recorded_decisions.c.event_id.in_(names)
    )
    states: dict[str, str] = {row.event_id: row.state for row in await connection.execute(held)}
    actions = {event_id: _action_of(body).action for event_id, body in await connection.execute(decided)}
    # Of a login that waits, its challenge says more than this list can.
    transactions = {row.event_id for row in rows if row.type == "transaction"}
    return fates_of(
        states, {name: action for name, action in actions.items() if action == "deny" or name in transactions}
    )


async def _rows(
    connection: AsyncConnection,
    account_id: str,
    shown: Shown,
    now: float,
    search: Search | None,
    place: str | None,
    limit: int,
) -> list[Row]:
    which = and_(activity.c.account_id == account_id, of_types(TYPES[shown]))
    if search is not None:
        which = and_(which, _matches(search))
    before = cursors.read(place) if place else None
    return await newest(connection, which, limit, now=now, since_s=now - _KEPT_S, before=before)


async def _messages(
    connection: AsyncConnection,
    account_id: str,
    since: float,
    search: Search | None,
    place: str | None,
    limit: int,
) -> list[Message]:
    query = select(
        notices.c.notice_id, notices.c.event_id, notices.c.template, notices.c.recorded_at.label("at")
    ).where(
        notices.c.account_id == account_id,
        notices.c.recorded_at >= since,
        func.coalesce(notices.c.last_error, "").not_in(_TOLD_OTHERWISE),
    )
    if search is not None:
        ids = notice_ids(search.text)
        if ids is None:
            return []
        query = query.where(notices.c.notice_id.between(*ids))
    at, identity = notices.c.recorded_at, notices.c.notice_id
    if place:
        when, name = cursors.read(place)
        query = query.where(or_(at < when, and_(at == when, identity < name)))
    found = await connection.execute(query.order_by(at.desc(), identity.desc()).limit(limit))
    return [Message(**row) for row in found.mappings()]


def _matches(search: Search) -> ColumnElement[bool]:
    text = search.text
    said = [
        column.icontains(text, autoescape=True)
        for column in (activity.c.payee_id, activity.c.city, activity.c.device)
    ]
    if (figure := _figure(text)) is not None:
        said.append(activity.c.amount.startswith(figure, autoescape=True))
    if search.cities:
        said.append(activity.c.city.in_(search.cities))
    if search.countries:
        said.append(activity.c.country.in_(search.countries))
    return or_(*said)


def _figure(text: str) -> str | None:
    """The text as an amount is kept: "18,000.00 元" is "18000.00"; None for no amount."""
    digits = "".join(each for each in text if each.isascii() and (each.isdigit() or each == "."))
    return digits if digits[:1].isdigit() and digits.count(".") <= 1 else None


def _places(cursor: str | None) -> tuple[str | None, str | None]:
    """Where each of the two lists goes on."""
    if cursor is None:
        return None, None
    rows, _, messages = cursor.partition(_BETWEEN)
    return rows or None, messages or None


def _after(items: Sequence[Row | Message], before: tuple[str | None, str | None]) -> str:
    rows = next((each for each in reversed(items) if isinstance(each, Row)), None)
    messages = next((each for each in reversed(items) if isinstance(each, Message)), None)
    places = (
        cursors.write(rows.at, rows.event_id) if rows else before[0] or "",
        cursors.write(messages.at, messages.notice_id) if messages else before[1] or "",
    )
    return _BETWEEN.join(places)
