"""The visit: the latest run of events from one device and agent, over one address and network, at one place. Pure.

Most events repeat where the last one came from. The first event of a visit is written to the profile's rows; those that follow
are only counted, and written when the visit ends or somebody reads the tables (`Profile.settle`). Keys are always in the rows.
"""

from __future__ import annotations

from functools import cache

from msgspec.structs import force_setattr

from contracts.events import Activity
from contracts.profile import Profile
from contracts.sightings import stays
from contracts.traits import ALL, NO_TRAITS, TRAIT_BYTES, nothing

_NETWORK, _COUNTRY, _DEVICE = nothing("network"), nothing("country"), nothing("device")


@cache
def _country(country: str) -> bytes:
    return country.encode("ascii", "replace")[:TRAIT_BYTES].ljust(TRAIT_BYTES, b"-")


def traits_of(event: Activity) -> bytes:
    """The event's keys at every level of `contracts.traits`, put together once; only enrichment knows those it is made of."""
    if event.traits:
        return event.traits
    if not event.address_traits:
        return NO_TRAITS
    network, device, place = event.network_key, event.device_key, event.place
    country = None if place is None else place.country
    traits = (
        event.address_traits
        + (_NETWORK if network is None else network[-TRAIT_BYTES:])
        + (_COUNTRY if country is None else _country(country))
        + ALL
        + event.agent_traits
        + (_DEVICE if device is None else device[:TRAIT_BYTES])
    )
    force_setattr(event, "traits", traits)
    return traits


def goes_on(profile: Profile, event: Activity) -> bool:
    """Whether the event comes from where the visit is, and not before its latest event."""
    device = profile.visit_device
    if (
        device is None
        or event.device_key != device
        or event.ip_key != profile.visit_ip
        or event.network_key != profile.visit_network
        or event.agent_traits[:TRAIT_BYTES] != profile.visit_agent
        or event.at < profile.visit_at
    ):
        return False
    place = event.place
    if place is None:
        return profile.visit_country is None and profile.visit_latitude is None
    return (
        place.country == profile.visit_country
        and place.latitude == profile.visit_latitude
        and place.longitude == profile.visit_longitude
        and place.accuracy_km == profile.visit_accuracy_km
    )


def end(profile: Profile) -> None:
    """Settle, and forget where the visit was."""
    if profile.visit_device is None:
        return
    profile.settle()
    profile.visit_device = profile.visit_ip = profile.visit_network = profile.visit_country = None
    profile.visit_latitude = profile.visit_longitude = None
    profile.visit_agent = b""
    profile.visit_accuracy_km = profile.visit_at = 0.0


def begin(profile: Profile, event: Activity) -> None:
    """The event, which the rows have just been taught, begins a visit, unless it tells too little or comes late."""
    at, ip_key, place = event.at, event.ip_key, event.place
    if event.device_key is None or ip_key is None or at < profile.visit_at:
        end(profile)
        return
    country = latitude = longitude = None
    accuracy_km = 0.0
    if place is not None:
        country, latitude, longitude, accuracy_km = (
            place.country,
            place.latitude,
            place.longitude,
            place.accuracy_km,
        )
        if latitude is not None and longitude is not None and not stays(profile.fix_rows, at, ip_key):
            end(profile)
            return
    profile.visit_device, profile.visit_ip, profile.visit_network = (
        event.device_key,
        ip_key,
        event.network_key,
    )
    profile.visit_country, profile.visit_latitude, profile.visit_longitude = country, latitude, longitude
    profile.visit_accuracy_km, profile.visit_at, profile.visit_agent = (
        accuracy_km,
        at,
        event.agent_traits[:TRAIT_BYTES],
    )
