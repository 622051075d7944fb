"""Two places too far apart for the time between them.

Sees: an event whose place cannot be reached, at the speed of an airliner, from the account's place before it or in time
for the place after it (both neighbours in event time, so a late event is judged like a punctual one).
Misses: an attacker near the victim, or one who waits as long as the flight takes; events without coordinates.
Fires falsely when: the place database is wrong, or the owner turns on a VPN. Distance counts only beyond both accuracy
radii, must exceed 100 km, and short hops weigh little. The same address is never travel, even if the database moved it.
A VPN, hosting or Tor network halves the weight, and halves it again on the account's own device, whose owner has turned one on.
A place told by one, a relay or a satellite is never travelled from, so nobody who turns a VPN off comes home from afar. Relay,
carrier and satellite networks place people hundreds of km off, and a VPN that the account has used before is where it always
was: such an event is noted with hardly any weight and keeps nothing out of the profile.
When it fires: ask for the second factor; end the other session if it is not passed.
"""

from __future__ import annotations

from math import exp

from msgspec import Struct

from contracts.circumstances import Circumstance
from contracts.events import AccountChange, Activity, Login, Transaction
from contracts.findings import Finding, Reason, Spec, Tallies
from contracts.profile import Fix, Profile
from detectors.measures.places import great_circle_km, on_earth, own_device_hides

SPEC = Spec(
    name="impossible_travel",
    event_types=(Login, Transaction, AccountChange),
    family="familiarity",
    reasons=(
        Reason(
            code="impossible_travel",
            en="{distance_km} km from this account's other place in {minutes} min: {value} km/h; limit {threshold}.",
            zh_cn="{minutes} 分钟内与本账户另一地点相距 {distance_km} 公里，时速 {value} 公里，超过 {threshold}。",
        ),
        Reason(
            code="travel_by_network",
            en="{distance_km} km from this account's other place in {minutes} min, over a {network_kind} network.",
            zh_cn="{minutes} 分钟内与本账户另一地点相距 {distance_km} 公里，但 {network_kind} 网络的位置不可靠。",
        ),
    ),
    attack=("T1078",),
    wakes_on=Circumstance.MOVED,
)

_LOOSE = frozenset({"vpn", "hosting", "tor"})
_INFORMATIONAL = frozenset({"relay", "mobile", "satellite"})
_LEAST_INTERVAL_S = 60.0


class Params(Struct, frozen=True):
    """The weight approaches `most_nats` as the time missing for the trip passes `missing_scale_h` hours."""

    fastest_kmh: float = 900.0
    least_distance_km: float = 100.0
    missing_scale_h: float = 2.0
    most_nats: float = 6.0
    loose_ratio: float = 0.5
    own_device_ratio: float = 0.5
    informational_nats: float = 0.2


PARAMS = Params()


def observe(
    event: Activity, profile: Profile, tallies: Tallies, memory: None, params: Params
) -> Finding | None:
    """Weight: most_nats * (1 - exp(-missing hours / scale)) of the worse neighbour; grows with distance and haste."""
    place = event.place
    if place is None:
        return None
    latitude = place.latitude
    longitude = place.longitude
    if latitude is None or longitude is None:
        return None
    if isinstance(event, Login) and event.outcome != "success":
        return None
    at = event.at
    ip_key = event.ip_key
    before, after = profile.fixes.around(at)
    if before is not None and before.ip_key == ip_key:
        before = None
    if after is not None and after.ip_key == ip_key:
        after = None
    if (before is None and after is None) or not on_earth(latitude, longitude):
        return None
    kind = "unknown" if event.network is None else event.network.kind
    informational = kind in _INFORMATIONAL or (kind in _LOOSE and event.network_key in profile.networks)
    ratio = params.loose_ratio if kind in _LOOSE else 1.0
    if ratio < 1.0 and own_device_hides(event, profile):
        ratio *= params.own_device_ratio
    here = (at, latitude, longitude, max(place.accuracy_km, 0.0))
    return _worse(before, after, here, kind, None if informational else ratio, params)


def _worse(
    before: Fix | None,
    after: Fix | None,
    here: tuple[float, float, float, float],
    kind: str,
    ratio: float | None,
    params: Params,
) -> Finding | None:
    worst_h = 0.0
    distance_km = interval_s = 0.0
    at, latitude, longitude, accuracy_km = here
    for fix in (before, after):
        if fix is None:
            continue
        apart_km = great_circle_km(latitude, longitude, fix.latitude, fix.longitude)
        beyond_km = apart_km - accuracy_km - max(fix.accuracy_km, 0.0)
        if beyond_km <= params.least_distance_km:
            continue
        apart_s = abs(at - fix.at)
        missing_h = beyond_km / params.fastest_kmh - apart_s / 3600.0
        if missing_h > worst_h:
            worst_h, distance_km, interval_s = missing_h, beyond_km, apart_s
    if worst_h <= 0.0:
        return None
    weight = params.most_nats * (1.0 - exp(-worst_h / params.missing_scale_h))
    informational = ratio is None
    weight = min(weight, params.informational_nats) if ratio is None else weight * ratio
    interval_s = max(interval_s, _LEAST_INTERVAL_S)
    return SPEC.finding(
        reason="travel_by_network" if informational else "impossible_travel",
        weight=weight,
        value=round(distance_km * 3600.0 / interval_s),
        threshold=round(params.fastest_kmh),
        quarantine=not informational,
        facts={"distance_km": round(distance_km), "minutes": round(interval_s / 60.0), "network_kind": kind},
    )
