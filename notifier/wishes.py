"""What an owner wishes of messages that are no emergency, as the plan asks for it. Pure."""

from __future__ import annotations

from collections.abc import Collection

from msgspec import Struct

from services.cases.classes import TOP_UPS, WEEKLY
from services.cases.preferences import CHOSEN, Kind, Preferences
from services.cases.quiet_hours import quiet_until, zone_of

#: Why a message is not sent: the owner does not want such by that channel.
NOT_WANTED = "preferences"
#: Channels that an owner knows by another name.
_KNOWN_AS = {"web_push": "push"}


class OwnerWishes(Struct, frozen=True, kw_only=True):
    """The preferences of an owner whose contact is in `time_zone`, and who can be reached by these channels."""

    preferences: Preferences
    time_zone: str
    reached: Collection[str] = ()

    def not_before(self, channel: str, template: str, now: float) -> float:
        """When quiet hours are over."""
        chosen = self.preferences
        if chosen.quiet_from is None or chosen.quiet_to is None:
            return now
        zone = zone_of(chosen.time_zone or self.time_zone)
        return quiet_until(chosen.quiet_from, chosen.quiet_to, zone, now)

    def refused(self, channel: str, template: str) -> str | None:
        """Why the channel is not to bring it. What nobody chose silences no owner's only way."""
        kind, known = kind_of(template), _KNOWN_AS.get(channel, channel)
        wanted = self.preferences.alerts[kind]
        # A channel that nobody could choose was not chosen against.
        if known in wanted or known not in CHOSEN:
            return None
        outside = {_KNOWN_AS.get(each, each) for each in self.reached}
        if kind == "security" and self.preferences.changed_at is None and outside.isdisjoint(wanted):
            return None
        return NOT_WANTED


def kind_of(template: str) -> Kind:
    """What an owner chooses such a notice as."""
    if template == WEEKLY:
        return "weekly"
    return "top_up" if template in TOP_UPS else "security"
