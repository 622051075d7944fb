"""What an event was that a decision, a freeze or a case speaks of: from its recorded decision, else from its activity."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Literal

from msgspec import Struct, json
from sqlalchemy import select, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.decisions import Decision
from contracts.shown import Shown
from services.activity.repository import rows_of
from services.activity.rows import Row
from services.cases.tables import recorded_decisions

#: Account and event id: an event id is unique in its account alone.
Name = tuple[str, str]
_decode = json.Decoder(Decision).decode


class Subject(Struct, frozen=True, kw_only=True):
    """An event and what people are shown of it; `at` in epoch seconds.

    `source` says where that is from: the recorded `decision` on it, which had effects, or its row of `activity`.
    `about_event_id` is what it speaks of itself, if it does.
    """

    event_id: str
    type: str
    at: float
    source: Literal["decision", "activity"]
    shown: Shown | None = None
    about_event_id: str | None = None


class Known(Struct, frozen=True):
    """An event as far as it is known, the id of the event that it speaks of, and that event as far as it is known."""

    own: Subject | None = None
    about_event_id: str | None = None
    about: Subject | None = None

    @property
    def shown(self) -> Shown | None:
        """What people recognise the event itself by."""
        return None if self.own is None else self.own.shown


NOTHING = Known()


async def known_events(
    connection: AsyncConnection, names: Collection[Name], rows: Collection[Row] = ()
) -> Mapping[Name, Known]:
    """What is known of each of these events, and of those that they speak of: one that is not known is left out.

    `rows` are those of their rows of activity that the caller has: they are not looked for again.
    """
    own = await _subjects(connection, set(names), rows)
    spoken_of = {
        name: (name[0], subject.about_event_id)
        for name, subject in own.items()
        if subject.about_event_id is not None
    }
    about = await _subjects(connection, set(spoken_of.values()))
    return {
        name: Known(subject, subject.about_event_id, about.get(spoken_of.get(name, name)))
        for name, subject in own.items()
    }


async def known_event(connection: AsyncConnection, account_id: str, event_id: str) -> Known:
    """What is known of one event."""
    name = account_id, event_id
    return (await known_events(connection, {name})).get(name, NOTHING)


async def _subjects(
    connection: AsyncConnection, names: set[Name], rows: Collection[Row] = ()
) -> dict[Name, Subject]:
    """Decisions first; activity for what has none, or none that shows anything."""
    if not names:
        return {}
    this = tuple_(recorded_decisions.c.account_id, recorded_decisions.c.event_id)
    bodies = await connection.execute(select(recorded_decisions.c.body).where(this.in_(sorted(names))))
    found = _decided(_decode(body) for body in bodies.scalars())
    silent = {
        name
        for name in names
        if name not in found or (found[name].shown is None and found[name].about_event_id is None)
    }
    had = [row for row in rows if (row.account_id, row.event_id) in silent]
    missing = silent - {(row.account_id, row.event_id) for row in had}
    for row in [*had, *await rows_of(connection, missing)]:
        found[row.account_id, row.event_id] = _happened(row)
    return found


def _decided(decisions: Iterable[Decision]) -> dict[Name, Subject]:
    return {
        (decision.account_id, decision.event_id): Subject(
            event_id=decision.event_id,
            type=decision.type,
            at=decision.at,
            source="decision",
            shown=decision.shown,
            about_event_id=decision.about_event_id,
        )
        for decision in decisions
    }


def _happened(row: Row) -> Subject:
    shown = Shown(
        device=row.device,
        country=row.country,
        city=row.city,
        network_kind=row.network_kind,
        amount=row.amount,
        currency=row.currency,
        payee_id=row.payee_id,
        kind=row.kind,
        status=row.outcome,
        failure=row.reason,
        session_id=row.session_id,
    )
    return Subject(
        event_id=row.event_id,
        type=row.type,
        at=row.at,
        source="activity",
        shown=shown if row.about_event_id is None else None,
        about_event_id=row.about_event_id,
    )
