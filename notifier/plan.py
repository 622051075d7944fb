"""Which messages a notice becomes: by which channels, to which addresses, and not before when. Pure.

A notice is planned once. What the plan says is written down as messages, and each channel then sends its own.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Protocol

from msgspec import Struct

from notifier.words import LOCALES
from services.cases.classes import MessageClass, class_of
from services.cases.contact_points import Point
from services.cases.mail_addresses import address_key
from services.cases.message_tables import ACCOUNT

CLASSES: tuple[MessageClass, ...] = ("critical", "security", "digest")


class Way(Struct, frozen=True, kw_only=True):
    """What a plan needs to know of a channel.

    It takes letters to contact points of the kind `reaches`, None: to the account itself, which wakes nobody and so is no way
    to an owner. It is for messages of these `classes`, and for others where the owner has no other way.
    Where the owner can be reached by one of the channels `stands_in_for`, it is a fallback for that one.
    """

    name: str
    reaches: str | None
    classes: Collection[MessageClass] = CLASSES
    stands_in_for: Collection[str] = ()


class Waits(Struct, frozen=True, kw_only=True):
    """Seconds that messages wait: a new address until those before were told of it, at most; a fallback until its channel has
    reached the owner, for critical messages and for others.
    """

    told_first_s: float = 3600.0
    fallback_s: float = 60.0
    calm_fallback_s: float = 600.0


class Wishes(Protocol):
    """What the owner wishes of messages that are not critical. Pure."""

    def not_before(self, channel: str, template: str, now: float) -> float:
        """When the channel may bring it, epoch seconds; `now` for at once."""
        ...

    def refused(self, channel: str, template: str) -> str | None:
        """Why the channel is not to bring it; None when it may."""
        ...


class NoWishes:
    """Of an owner who said nothing: everything, at once."""

    def not_before(self, channel: str, template: str, now: float) -> float:
        """At once."""
        return now

    def refused(self, channel: str, template: str) -> str | None:
        """Nothing is."""
        return None


class Planned(Struct, frozen=True, kw_only=True):
    """One message to come: to a contact point, or to the account itself where `point` is None.

    It waits until the notice `after_notice` was told on its channel, at most until `held_until`. A `fallback` is not sent once
    another has reached the owner. One that is `suppressed` is never sent, for that reason.
    """

    channel: str
    point: Point | None
    message_class: MessageClass
    locale: str
    time_zone: str
    not_before: float
    after_notice: str | None = None
    held_until: float | None = None
    fallback: bool = False
    suppressed: str | None = None

    @property
    def address_key(self) -> str:
        """The short name of the address."""
        return ACCOUNT if self.point is None else address_key(self.point.address)


def plan(
    template: str,
    points: Sequence[Point],
    ways: Sequence[Way],
    now: float,
    *,
    wishes: Wishes | None = None,
    waits: Waits | None = None,
    only_points: bool = False,
    told: Collection[str] = (),
) -> list[Planned]:
    """The messages of a notice to these points of its owner, the first way first.

    `only_points` leaves the account itself out: the notice is to certain addresses alone. `told` are the templates of what a
    notice sums up.
    """
    waits, wishes, kind = waits or Waits(), wishes or NoWishes(), class_of(template, told)
    reached = {point.channel for point in points}
    outside = [way for way in ways if way.reaches in reached]
    fitting = [way for way in outside if kind in way.classes] or outside
    first = {way.name for way in fitting}
    planned: list[Planned] = []
    for way in fitting:
        fallback = not first.isdisjoint(way.stands_in_for)
        wait_s = (waits.fallback_s if kind == "critical" else waits.calm_fallback_s) if fallback else 0.0
        planned += [
            _to_point(way.name, point, template, kind, now, wait_s, fallback, wishes, waits)
            for point in points
            if point.channel == way.reaches
        ]
    if not only_points:
        locale, time_zone = _reader(points)
        planned += [
            Planned(
                channel=way.name,
                point=None,
                message_class=kind,
                locale=locale,
                time_zone=time_zone,
                not_before=now,
                suppressed=None if kind == "critical" else wishes.refused(way.name, template),
            )
            for way in ways
            if way.reaches is None
        ]
    return planned


def _to_point(
    channel: str,
    point: Point,
    template: str,
    kind: MessageClass,
    now: float,
    wait_s: float,
    fallback: bool,
    wishes: Wishes,
    waits: Waits,
) -> Planned:
    held = point.told_since is not None
    locale, time_zone = _reader([point])
    return Planned(
        channel=channel,
        point=point,
        message_class=kind,
        locale=locale,
        time_zone=time_zone,
        not_before=wait_s + (now if kind == "critical" else wishes.not_before(channel, template, now)),
        after_notice=point.told_by if held else None,
        held_until=(point.told_since or 0.0) + waits.told_first_s if held else None,
        fallback=fallback,
        suppressed=None if kind == "critical" else wishes.refused(channel, template),
    )


def _reader(points: Sequence[Point]) -> tuple[str, str]:
    """Language and time zone of the owner, as the first point has them."""
    if not points:
        return LOCALES[0], "UTC"
    return points[0].locale if points[0].locale in LOCALES else LOCALES[0], points[0].time_zone
