"""Which answers somebody has to look at: those that nobody of this installation has reviewed, and those whose review is over."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime

from msgspec import Struct
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.errors import Unavailable
from services.help.tables import faq
from services.platform.database import Database
from services.platform.metrics import FAQ_DUE

_EVERY_S = 3600.0
log = logging.getLogger(__name__)


class Due(Struct, frozen=True):
    """An answer to look at; `reviewed_by` is empty where nobody here has yet."""

    slug: str
    locale: str
    review_by: date
    reviewed_by: str


async def due(connection: AsyncConnection, now: float) -> tuple[Sequence[Due], Sequence[Due]]:
    """What is shown and nobody has reviewed, and what was and is over its day at `now` (epoch seconds)."""
    query = (
        select(faq.c.slug, faq.c.locale, faq.c.review_by, faq.c.reviewed_by)
        .where(faq.c.replaced_at.is_(None), faq.c.shown)
        .order_by(faq.c.review_by, faq.c.slug, faq.c.locale)
    )
    found = [Due(*row) for row in (await connection.execute(query)).all()]
    today = datetime.fromtimestamp(now, UTC).date()
    return (
        [each for each in found if not each.reviewed_by],
        [each for each in found if each.reviewed_by and each.review_by < today],
    )


async def measure(database: Database, now: float) -> None:
    """Set the gauge of both. Raises Unavailable when the database is away."""
    async with database.read() as connection:
        unreviewed, overdue = await due(connection, now)
    FAQ_DUE.labels("unreviewed").set(len(unreviewed))
    FAQ_DUE.labels("overdue").set(len(overdue))


async def measure_for_ever(database: Database, clock: Callable[[], float]) -> None:
    """The same each hour; what cannot be counted keeps its last figure."""
    while True:
        try:
            await measure(database, clock())
        except Unavailable as error:
            log.debug("what is due for review could not be counted (%s)", error)
        await asyncio.sleep(_EVERY_S)
