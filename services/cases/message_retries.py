"""Failed messages, to where their channels take them from again: what was wrong is well now, and somebody says so."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from msgspec import Struct
from sqlalchemy import ColumnElement, and_, func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from services.audit import audit_log
from services.cases.answer_links import LIVES_S
from services.cases.message_tables import ACCOUNT, OPEN, messages
from services.cases.references import notice_ids
from services.cases.tables import contact_points, notices

#: What failed before then is told no more: its links are over.
RETRIED_S = LIVES_S


class Which(Struct, frozen=True, kw_only=True):
    """The failed messages that are meant: of the letters of a `reference`, by a `channel`, that failed at `since` (epoch seconds)
    or later.
    """

    since: float
    reference: str | None = None
    channel: str | None = None

    def condition(self) -> ColumnElement[bool]:
        """The messages in SQL. Raises ValueError for a reference that is none."""
        wanted = [messages.c.state == "failed", messages.c.ended_at >= self.since]
        if self.channel is not None:
            wanted.append(messages.c.channel == self.channel)
        if self.reference is not None:
            ids = notice_ids(self.reference)
            if ids is None:
                raise ValueError("a reference has the form PG-7F3K-92")
            wanted.append(messages.c.notice_id.between(*ids))
        return and_(*wanted)


class Retried(Struct, frozen=True):
    """How many messages wait again, by channel, and how many stay failed: their addresses give messages back."""

    again: Mapping[str, int]
    left: int


async def retry_failed(connection: AsyncConnection, which: Which, actor: str, now: float) -> Retried:
    """Let failed messages be sent again under the ids that they had; doing so twice is doing so once.

    The audit says that `actor` did. Raises ValueError as `Which.condition`.
    """
    bouncing = (
        select(contact_points.c.point_id)
        .where(contact_points.c.point_id == messages.c.point_id, contact_points.c.bouncing_since.is_not(None))
        .exists()
    )
    wanted = which.condition()
    waits = {"state": "waiting", "next_at": now, "why": None, "ended_at": None, "lease": None}
    moved = update(messages).where(wanted, ~bouncing).values(**waits).returning(messages.c.channel)
    again = Counter((await connection.execute(moved)).scalars())
    # What one channel has told already is told: only its message goes.
    open_again = (
        select(messages.c.message_id)
        .where(
            messages.c.notice_id == notices.c.notice_id,
            messages.c.state.in_(OPEN),
            messages.c.address_key != ACCOUNT,
        )
        .exists()
    )
    planned = {"state": "planned", "ended_at": None}
    await connection.execute(update(notices).where(notices.c.state == "failed", open_again).values(**planned))
    left = select(func.count()).select_from(messages).where(wanted, bouncing)
    stays = int((await connection.execute(left)).scalar_one())
    if again:
        entry = audit_log.Entry(
            at=now, action="messages_retried", result="done", actor=actor, reason=_counted(again)
        )
        await audit_log.record(connection, entry)
    return Retried(dict(again), stays)


def _counted(again: Mapping[str, int]) -> str:
    return ", ".join(f"{count} {channel}" for channel, count in sorted(again.items()))
