"""Whoever reads a page of the centre: their words, their clock, and what happened as they call it."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from fastapi import Request
from msgspec import Struct
from sqlalchemy import and_
from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.report_kinds import Subject as About
from notifier import facts, spelled
from notifier.facts import Reader
from notifier.words import words
from services.activity.recent import newest, of_types
from services.activity.rows import Row
from services.activity.tables import activity
from services.cases.news import About as News
from services.cases.preferences import zone_of
from services.cases.subjects import Known, Subject, known_events
from services.portal.figures import visible
from services.portal.pages import locale_of
from services.portal.sessions import Session

#: So far back an owner picks what a report is about.
_PICKED_S, _PICKED = 400 * 86_400.0, 8
_OUT = ("payment", "transfer", "withdrawal", "cash_out")
_SIGNS = {"login": "login", "account_change": "edit"}


class Happened(Struct, frozen=True):
    """An event in an owner's words: what, when, and the facts that tell it from others as (name, value)."""

    event_id: str
    title: str
    when: str
    sign: str
    facts: Sequence[tuple[str, str]] = ()


async def reader_of(request: Request, session: Session, connection: AsyncConnection) -> Reader:
    """The reader in the page's language, on the clock that the owner chose, else of the account's contact, else UTC."""
    zone = await zone_of(connection, session.visit.account_id)
    return Reader(words(locale_of(request, session.visit.locale)), zone)


async def happened(
    connection: AsyncConnection, account_id: str, event_id: str | None, reader: Reader
) -> Happened | None:
    """One event of the account; None for none, and for one that is not known."""
    if event_id is None:
        return None
    return (await happened_of(connection, account_id, [event_id], reader)).get(event_id)


async def happened_of(
    connection: AsyncConnection, account_id: str, event_ids: Collection[str], reader: Reader
) -> dict[str, Happened]:
    """Events of the account by their ids, as far as they are known."""
    found = await _known(connection, account_id, event_ids, reader)
    return {each.event_id: each for each in found}


async def recent(
    connection: AsyncConnection, account_id: str, about: About, reader: Reader, now: float
) -> list[Happened]:
    """The newest events of the account that a report of the kind may be about."""
    if about == "none":
        return []
    this = activity.c
    money = of_types(["transaction"])
    which = {
        "any": of_types(["login", "transaction", "account_change"]),
        "money_out": and_(money, this.kind.in_(_OUT), this.outcome != "failed"),
        "money_failed": and_(money, this.kind != "top_up", this.outcome != "completed"),
        "top_up": and_(money, this.kind == "top_up"),
        "access": of_types(["login", "account_change"]),
    }[about]
    mine = and_(this.account_id == account_id, which)
    rows = await newest(connection, mine, _PICKED, now=now, since_s=now - _PICKED_S)
    return await _known(connection, account_id, [row.event_id for row in rows], reader, rows)


async def _known(
    connection: AsyncConnection,
    account_id: str,
    event_ids: Collection[str],
    reader: Reader,
    rows: Collection[Row] = (),
) -> list[Happened]:
    known = await known_events(connection, {(account_id, event_id) for event_id in event_ids}, rows)
    found = [known.get((account_id, event_id), Known()).own for event_id in event_ids]
    return [_told(subject, reader) for subject in found if subject is not None]


def _told(subject: Subject, reader: Reader) -> Happened:
    said, event = reader.words, facts.event_of(News(type=subject.type, at=subject.at, shown=subject.shown))
    when = reader.moment(subject.at)
    rows: list[tuple[str, str]] = []
    money = facts.payment(event, said)
    if money.amount is not None:
        rows.append((said.say("label.amount"), money.amount))
    if money.payee is not None:
        rows.append((said.say("label.payee"), visible(spelled.text(money.payee, 128))))
    rows.append((said.say("label.time"), when))
    unknown = said.say("note.unknown")
    rows += [(row.label, row.value) for row in facts.from_where(subject.shown, said) if row.value != unknown]
    incoming = subject.shown is not None and subject.shown.kind in ("top_up", "refund")
    sign = _SIGNS.get(subject.type, "in" if incoming else "out")
    return Happened(subject.event_id, visible(facts.called(event, said)), when, sign, rows)
