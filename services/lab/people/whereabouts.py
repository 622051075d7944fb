"""Where people are, so that nobody comes from a place that an airliner would not have reached yet."""

from __future__ import annotations

from contracts.events import Activity
from detectors.measures.places import great_circle_km
from services.lab.people.events import Played
from services.lab.people.places import Access

#: Below an airliner's 900 km/h: a flight has two ends.
FASTEST_KMH = 800.0
_HERE_KM = 1.0


class Whereabouts:
    """The last place of each account, and since when. Times are epoch seconds."""

    def __init__(self) -> None:
        self._last: dict[str, tuple[float, Access]] = {}

    def note(self, played: Played) -> None:
        """Remember where the owner was; an attacker's event says nothing of that, nor one older than what is known."""
        event = played.event
        if played.fraud or not isinstance(event, Activity) or event.place is None or event.network is None:
            return
        known = self._last.get(event.account_id)
        if known is None or known[0] <= event.at:
            self._last[event.account_id] = event.at, Access(event.ip or "", event.place, event.network)

    def way(self, account_id: str, wanted: Access, at: float) -> Access:
        """The way to come that somebody wants at `at`, where it can be reached by then; else the one taken last."""
        known = self._last.get(account_id)
        if known is None:
            return wanted
        km = apart_km(known[1], wanted)
        hours = max(at - known[0], 0.0) / 3600
        return wanted if km <= max(_HERE_KM, hours * FASTEST_KMH) else known[1]


def apart_km(one: Access, other: Access) -> float:
    """How far two ways onto the network are said to lie apart; 0 where one has no place."""
    ends = [one.place.latitude, one.place.longitude, other.place.latitude, other.place.longitude]
    known = [degrees for degrees in ends if degrees is not None]
    return great_circle_km(*known) if len(known) == len(ends) else 0.0
