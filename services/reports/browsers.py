"""The browsers that an owner's messages are pushed to, as their owner knows them: by the push service that each comes with."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlsplit

from msgspec import Struct
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from notifier.facts import Reader
from services.cases.contact_kinds import subscription
from services.cases.tables import contact_points

_MAKERS: Mapping[str, str] = {
    "googleapis.com": "chrome",
    "mozilla.com": "firefox",
    "push.apple.com": "safari",
    "windows.com": "edge",
}


class Browser(Struct, frozen=True):
    """One browser: what it is, as the name of its words, and the day since when."""

    name: str
    since: str


async def browsers_of(connection: AsyncConnection, account_id: str, reader: Reader) -> list[Browser]:
    """The account's browsers, the newest first."""
    query = (
        select(contact_points.c.address, contact_points.c.since)
        .where(
            contact_points.c.account_id == account_id,
            contact_points.c.channel == "web_push",
            contact_points.c.until.is_(None),
        )
        .order_by(contact_points.c.since.desc(), contact_points.c.point_id)
    )
    return [Browser(maker(row.address), reader.day(row.since)) for row in await connection.execute(query)]


def maker(address: str) -> str:
    """Whose browser has that subscription, by the host of its push service; "other" for one that is not known."""
    try:
        host = urlsplit(subscription(address).endpoint).hostname or ""
    except ValueError:
        return "other"
    return next((name for end, name in _MAKERS.items() if host == end or host.endswith(f".{end}")), "other")
