"""Places on earth and how far they lie apart."""

from __future__ import annotations

from collections.abc import Iterable
from math import asin, cos, radians, sin, sqrt

from contracts.events import PLACELESS, Activity
from contracts.profile import Fix, Profile

#: Mean radius of the earth (IUGG).
EARTH_RADIUS_KM = 6371.0088


def great_circle_km(latitude_a: float, longitude_a: float, latitude_b: float, longitude_b: float) -> float:
    """Great-circle distance in km between two points in degrees (haversine formula)."""
    a = radians(latitude_a)
    b = radians(latitude_b)
    half_latitude = sin((b - a) / 2.0)
    half_longitude = sin(radians(longitude_b - longitude_a) / 2.0)
    square = half_latitude * half_latitude + cos(a) * cos(b) * half_longitude * half_longitude
    return 2.0 * EARTH_RADIUS_KM * asin(sqrt(min(1.0, square)))


def on_earth(latitude: float, longitude: float) -> bool:
    """Whether these degrees name a place at all."""
    return -90.0 <= latitude <= 90.0 and -180.0 <= longitude <= 180.0


def hides_place(event: Activity) -> bool:
    """Whether the event came over a network whose place says nothing of where somebody is."""
    return event.network is not None and event.network.kind in PLACELESS


def own_device_hides(event: Activity, profile: Profile) -> bool:
    """Whether one of the account's own devices came over such a network.

    That it hides is then one fact, which `anonymous_network` weighs whole: of country and network it says what a VPN was set to.
    """
    return hides_place(event) and profile.knows_device(event.device_key)


def in_own_city(event: Activity, fixes: Iterable[Fix], within_km: float) -> bool:
    """Whether the event's place lies within so many km of one of the account's; never over a network that hides the place."""
    place = event.place
    if place is None or hides_place(event):
        return False
    latitude, longitude = place.latitude, place.longitude
    if latitude is None or longitude is None:
        return False
    return any(
        great_circle_km(latitude, longitude, fix.latitude, fix.longitude) <= within_km for fix in fixes
    )
