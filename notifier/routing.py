"""Who is told and how: the owner, in their language and time zone, on every address they are reached at. Pure."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from msgspec import Struct

from notifier.channels.registry import CHANNELS
from notifier.words import LOCALES
from services.cases.contact_points import Point
from services.cases.mail_addresses import address_key


class Route(Struct, frozen=True):
    """One letter to send: the channel, the address on it, and how the reader reads.

    `told_since` is when those before were to be told of this address and have not been yet (epoch seconds).
    """

    channel: str
    to: str
    locale: str
    time_zone: str
    told_since: float | None = None

    @property
    def address_key(self) -> str:
        """The short name of the address."""
        return address_key(self.to)


def routes(points: Sequence[Point], channels: Collection[str]) -> list[Route]:
    """The routes to the owner: by each of the channels to each point that it reaches."""
    return [
        Route(
            kind.name,
            point.address,
            point.locale if point.locale in LOCALES else LOCALES[0],
            point.time_zone,
            point.told_since,
        )
        for kind in CHANNELS
        if kind.name in channels
        for point in points
        if point.channel == kind.reaches
    ]


def idempotency_key(notice_id: str, route: Route) -> str:
    """The key of one notice on one channel to one address, the same on every try."""
    return f"{notice_id}.{route.channel}.{route.address_key}"
