"""One message to everybody whose payments failed at a channel: once each, by two people where many are told, undone in time.

Each owner gets a notice that leaves after half a minute; from there it goes as every other letter goes, at the notifier's rates.
A second message about the same leaves out whom the first one told within half a day.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal, get_args

from msgspec import Struct, json
from msgspec.structs import asdict, replace
from sqlalchemy import ColumnElement, Select, Update, and_, delete, exists, func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.decisions import derived_id
from services.activity.recent import since
from services.activity.tables import activity
from services.audit import audit_log
from services.cases import approvals, states
from services.cases.approvals import Act, ActRule, Approval, NothingLeft
from services.cases.case_rows import case_of, note_entry
from services.cases.end_notices import TAKE_BACK_S
from services.cases.news import News
from services.cases.repeated_failures import INCOMING
from services.cases.repository import change_case
from services.cases.tables import notices
from services.desk.bulk_message_tables import bulk_messages
from services.http.api_keys import Acting
from services.platform.database import insert_new

Template = Literal["channel_failing", "channel_restored"]
TEMPLATES: tuple[Template, ...] = get_args(Template)
#: So far back failures may be looked for, in hours.
HOURS = (1, 6, 24)
#: The act that a second person allows, and how many owners one person may write to alone.
ACT: Act = "tell_owners"
MOST_ALONE = 50
#: So many owners at most: more than that are told in the wallet itself.
MOST = 20_000
#: For so long nobody is told the same of a channel again, in seconds.
AGAIN_S = 12 * 3600.0
_ENTRY, _PART = "owners_told", 500


class Bulk(Struct, frozen=True, kw_only=True):
    """A message as its table has it."""

    message_id: str
    case_id: str
    account_id: str
    template: Template
    channel: str
    since: float
    until: float
    owners: int
    asked_by: str
    asked_at: float
    leaves_at: float | None = None
    undone_at: float | None = None

    def waits(self, now: float) -> bool:
        """Whether a second person has still to allow it."""
        over = now >= self.asked_at + approvals.LIFETIME_S
        return self.leaves_at is None and self.undone_at is None and not over

    def undoable_s(self, now: float) -> int:
        """For how many seconds it can still be taken back."""
        if self.leaves_at is None or self.undone_at is not None:
            return 0
        return max(0, round(self.leaves_at - now))


class TooMany(Exception):
    """More owners than one message may be for."""


async def count_of(connection: AsyncConnection, wanted: Bulk) -> int:
    """How many owners the message would go to now; MOST + 1 where there are more than MOST."""
    found = _owners(wanted).limit(MOST + 1).subquery()
    return int((await connection.execute(select(func.count()).select_from(found))).scalar_one())


async def ask(connection: AsyncConnection, wanted: Bulk, why: str, now: float) -> Bulk:
    """Send it, or ask a second person to allow it, in the caller's transaction; the same `message_id` is the same message.

    Raises TooMany, and NothingLeft where there is nobody to tell.
    """
    known = await bulk_of(connection, wanted.message_id, lock=True)
    if known is not None:
        return known
    owners = await count_of(connection, wanted)
    if owners == 0:
        raise NothingLeft("there is nobody to tell who was not told already")
    if owners > MOST:
        raise TooMany(f"more than {MOST:,} owners: choose a shorter time, or tell them in the wallet")
    made = replace(wanted, owners=owners, asked_at=now, leaves_at=None, undone_at=None)
    await connection.execute(insert_new(bulk_messages).values(asdict(made)))
    if owners <= MOST_ALONE:
        return await _send(connection, made, made.asked_by, now)
    asked = await approvals.ask(connection, ACT, made.message_id, made.account_id, made.asked_by, why, now)
    await audit_log.record(connection, approvals.entry(asked, now))
    return made


async def undo(connection: AsyncConnection, message_id: str, by: str, now: float) -> Bulk | None:
    """Take it back before it leaves, or withdraw what waits for a second person; None where it is too late."""
    found = await bulk_of(connection, message_id, lock=True)
    if found is None or not (found.waits(now) or found.undoable_s(now)):
        return None
    if found.leaves_at is None:
        await approvals.end(connection, ACT, message_id, now)
    mine = and_(notices.c.event_id == message_id, notices.c.state == "waiting", _told_by(found))
    await connection.execute(delete(notices).where(mine))
    return await _undone(connection, found, by, now)


async def bulk_of(connection: AsyncConnection, message_id: str, *, lock: bool = False) -> Bulk | None:
    """The message of that id."""
    query = select(bulk_messages).where(bulk_messages.c.message_id == message_id)
    row = (await connection.execute(query.with_for_update() if lock else query)).mappings().one_or_none()
    return None if row is None else Bulk(**row)


async def bulks_of_case(connection: AsyncConnection, case_id: str) -> Sequence[Bulk]:
    """The messages that were sent from the case, or wait, the newest first."""
    query = select(bulk_messages).where(bulk_messages.c.case_id == case_id)
    rows = await connection.execute(query.order_by(bulk_messages.c.asked_at.desc()).limit(20))
    return [Bulk(**row) for row in rows.mappings()]


async def progress_of(connection: AsyncConnection, bulk: Bulk) -> Mapping[str, int]:
    """How many of its notices are in which state."""
    query = select(notices.c.state, func.count()).where(notices.c.event_id == bulk.message_id, _told_by(bulk))
    return {state: int(count) for state, count in await connection.execute(query.group_by(notices.c.state))}


def news_of(bulk: Bulk, at: float) -> News:
    """What its notices say besides their words."""
    return News(at=at, channel=bulk.channel)


async def _allowed(connection: AsyncConnection, approval: Approval, by: Acting, now: float, /) -> None:
    found = await bulk_of(connection, approval.subject, lock=True)
    if found is None or found.undone_at is not None or found.leaves_at is not None:
        raise NothingLeft("the message was taken back, or was sent")
    await _send(connection, found, by.actor, now)


async def _refused(connection: AsyncConnection, approval: Approval, by: Acting, now: float, /) -> None:
    found = await bulk_of(connection, approval.subject, lock=True)
    if found is not None and found.leaves_at is None:
        await _undone(connection, found, by.actor, now)


#: What follows when a second person has decided.
RULE = ActRule(_allowed, _refused)


async def _send(connection: AsyncConnection, bulk: Bulk, by: str, now: float) -> Bulk:
    """Put down a notice for each owner, due once it can no longer be taken back."""
    leaves_at = now + TAKE_BACK_S
    owners = list((await connection.execute(_owners(bulk).limit(MOST))).scalars())
    body, day = json.encode(news_of(bulk, now)).decode(), int(now // AGAIN_S)
    rows = [
        {
            "notice_id": derived_id(f"{bulk.channel}\x00{day}\x00{owner}", bulk.template),
            "event_id": bulk.message_id,
            "account_id": owner,
            "template": bulk.template,
            "recorded_at": now,
            "state": "waiting",
            "next_at": leaves_at,
            "news": body,
        }
        for owner in owners
    ]
    for first in range(0, len(rows), _PART):
        await connection.execute(insert_new(notices), rows[first : first + _PART])
    sent = replace(bulk, owners=len(rows), leaves_at=leaves_at)
    values = {"owners": sent.owners, "leaves_at": leaves_at}
    await connection.execute(_this(bulk).values(values))
    await _note(connection, sent, by, "sent", now)
    return sent


async def _undone(connection: AsyncConnection, bulk: Bulk, by: str, now: float) -> Bulk:
    await connection.execute(_this(bulk).values(undone_at=now))
    await _note(connection, bulk, by, "undone", now)
    return replace(bulk, undone_at=now)


async def _note(connection: AsyncConnection, bulk: Bulk, by: str, result: str, now: float) -> None:
    """Into the audit, and into the history of the case while that is open."""
    said = f"message {bulk.message_id}, {bulk.template} at {bulk.channel}, {bulk.owners} owners"
    entry = audit_log.Entry(
        at=now, action=_ENTRY, result=result, actor=by, account_id=bulk.account_id, reason=said
    )
    await audit_log.record(connection, entry)
    case = await case_of(connection, bulk.case_id, lock=True)
    if case is None or case.state == "resolved":
        return
    changed = states.added(case, now)
    await note_entry(connection, changed, _ENTRY, by, f"{result} {bulk.owners}")
    await change_case(connection, case, changed)


def _this(bulk: Bulk) -> Update:
    return update(bulk_messages).where(bulk_messages.c.message_id == bulk.message_id)


def _failed(bulk: Bulk) -> Select[tuple[str]]:
    """The accounts whose payments failed at the channel in its time."""
    this = activity.c
    return (
        select(this.account_id)
        .where(
            this.channel == bulk.channel,
            this.section == "money",
            this.outcome == "failed",
            this.kind.not_in(sorted(INCOMING)),
            since(bulk.since),
            this.at <= bulk.until,
        )
        .distinct()
    )


def _owners(bulk: Bulk) -> Select[tuple[str]]:
    """The same without those who were told already, in an order that stays."""
    told, b = notices.c, bulk_messages.c
    lately = select(b.message_id).where(
        b.channel == bulk.channel,
        b.template == bulk.template,
        b.asked_at > bulk.until - AGAIN_S,
        b.undone_at.is_(None),
    )
    again = exists().where(told.account_id == activity.c.account_id, told.event_id.in_(lately))
    return _failed(bulk).where(~again).order_by(activity.c.account_id)


def _told_by(bulk: Bulk) -> ColumnElement[bool]:
    """Notices to these accounts, which an index finds by account and event."""
    return notices.c.account_id.in_(_failed(bulk))
