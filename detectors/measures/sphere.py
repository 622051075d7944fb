"""Distances on the earth."""

from __future__ import annotations

from math import asin, cos, radians, sin, sqrt

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
