"""What a notice is about, as SQL has it: a decision, news, or, for a digest, several of them."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from msgspec import Struct, json
from sqlalchemy import Row, and_, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.decisions import Decision
from services.cases.classes import DIGEST
from services.cases.news import News
from services.cases.preferences import preferences_by_account
from services.cases.tables import notices, recorded_decisions

_decode = json.Decoder(Decision).decode
_decode_news = json.Decoder(News).decode


class Told(Struct, frozen=True, kw_only=True):
    """What one notice is about: a decision, or `news`, which may be of a decision's end."""

    template: str
    recorded_at: float
    decision: Decision | None
    news: News | None

    @property
    def moments(self) -> tuple[float, float]:
        """When it happened, as the event says and as it was recorded: an event's clock may be wrong."""
        happened = self.decision.at if self.decision is not None else self.recorded_at
        return happened, self.recorded_at


class Notice(Struct, frozen=True, kw_only=True):
    """What letters are written from. A digest tells of several things. The owner's own `phrase` stands in each."""

    notice_id: str
    account_id: str
    template: str
    told: Sequence[Told]
    recorded_at: float = 0.0
    phrase: str | None = None


async def notices_of(connection: AsyncConnection, ids: Collection[str]) -> dict[str, Notice]:
    """The notices of these ids with all that they tell; one that a digest tells has its own words where only it is asked for."""
    query = (
        select(notices, recorded_decisions.c.body)
        .outerjoin(
            recorded_decisions,
            and_(
                recorded_decisions.c.account_id == notices.c.account_id,
                recorded_decisions.c.event_id == notices.c.event_id,
            ),
        )
        .where(or_(notices.c.notice_id.in_(ids), notices.c.digest_id.in_(ids)))
        .order_by(notices.c.recorded_at, notices.c.notice_id)
    )
    rows = (await connection.execute(query)).all()
    told: dict[str, list[Told]] = {notice_id: [] for notice_id in ids}
    for row in rows:
        if row.template != DIGEST:
            for notice_id in {row.digest_id, row.notice_id} & told.keys():
                told[notice_id].append(_told(row))
    chosen = await preferences_by_account(connection, {row.account_id for row in rows})
    return {
        row.notice_id: Notice(
            notice_id=row.notice_id,
            account_id=row.account_id,
            template=row.template,
            told=told[row.notice_id],
            recorded_at=row.recorded_at,
            phrase=chosen[row.account_id].phrase,
        )
        for row in rows
        if row.notice_id in told
    }


def _told(row: Row[Any]) -> Told:
    return Told(
        template=row.template,
        recorded_at=row.recorded_at,
        decision=None if row.body is None else _decode(row.body),
        news=None if row.news is None else _decode_news(row.news),
    )
