"""How payments at a channel fared hour by hour, among a bounded number of its newest events."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct
from sqlalchemy import Integer, and_, case, cast, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from services.activity.recent import since
from services.activity.tables import activity
from services.cases.repeated_failures import INCOMING

HOURS = 24
_HOUR_S = 3600.0
_MOST = 20_000


class ChannelPast(Struct, frozen=True, kw_only=True):
    """Payments at the channel in the HOURS before `until` (epoch seconds), oldest hour first.

    `failed` counts those that failed, `same` those of them that were refused with `reason`, `ended` those that failed or were
    paid. `since`: what was before was not counted, because there was too much; else None.
    """

    name: str
    until: float
    reason: str | None
    failed: Sequence[int]
    same: Sequence[int]
    ended: Sequence[int]
    since: float | None = None

    def begins(self, hour: int) -> float:
        """When an hour began, epoch seconds."""
        return self.until - (HOURS - hour) * _HOUR_S


async def past_of(
    connection: AsyncConnection, channel: str, reason: str | None, until: float, most: int = _MOST
) -> ChannelPast:
    """The channel's last hours; at most so many of its newest events are looked at. Raises Unavailable."""
    this = activity.c
    newest = (
        select(this.at, this.outcome, this.reason)
        .where(
            this.channel == channel,
            this.section == "money",
            since(until - HOURS * _HOUR_S),
            this.at <= until,
            this.kind.not_in(sorted(INCOMING)),
        )
        .order_by(this.at.desc())
        .limit(most)
        .cte("newest")
    )
    c = newest.c
    ago = (cast(until - c.at, Integer) // int(_HOUR_S)).label("ago")
    fails = c.outcome == "failed"
    query = select(
        ago,
        func.count(),
        func.count(case((c.outcome != "requested", 1))),
        func.count(case((fails, 1))),
        func.count(case((and_(fails, c.reason == reason), 1))),
        func.min(c.at),
    ).group_by(ago)
    failed, same, ended = [0] * HOURS, [0] * HOURS, [0] * HOURS
    looked_at, oldest = 0, until
    for back, count, over, wrong, like, first in await connection.execute(query):
        hour = HOURS - 1 - min(int(back), HOURS - 1)
        failed[hour] += wrong
        same[hour] += like
        ended[hour] += over
        looked_at += count
        oldest = min(oldest, first)
    cut = oldest if looked_at >= most else None
    return ChannelPast(
        name=channel, until=until, reason=reason, failed=failed, same=same, ended=ended, since=cut
    )
