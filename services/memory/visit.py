"""The visit: the latest run of events from one device and agent, over one address and network, at one place. Pure.

Most events repeat where the last one came from. The first event of a visit is written to the profile's rows; those that follow
are only counted, and written when the visit ends or somebody reads the tables (`Profile.settle`). Keys are always in the rows.
"""

from __future__ import annotations

from functools import cache
from struct import Struct as Layout
from zlib import crc32

from msgspec.structs import force_setattr

from contracts.events import Activity
from contracts.profile import NO_COUNTRY, NO_KEY, VISIT, Profile
from contracts.sightings import country_key, stays
from contracts.traits import ALL, NO_TRAITS, TRAIT_BYTES, nothing

_pack_visit, _pack_place = VISIT.pack, Layout("<ddd").pack
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
    visit = profile.visit
    return bool(visit) and event.at >= profile.visit_at and _visit_of(event) == visit


def end(profile: Profile) -> None:
    """Settle, and forget where the visit was."""
    if profile.visit:
        profile.settle()
        profile.visit, profile.visit_at = b"", 0.0


def begin(profile: Profile, event: Activity) -> None:
    """The event, which the rows have just been taught, begins a visit, unless it tells too little or comes late."""
    place = event.place
    visit = b"" if event.at < profile.visit_at else _visit_of(event)
    if visit and place is not None and place.latitude is not None and place.longitude is not None:
        visit = visit if stays(profile.fix_rows, event.at, event.ip_key) else b""
    if not visit:
        end(profile)
        return
    profile.visit, profile.visit_at = visit, event.at


def _visit_of(event: Activity) -> bytes:
    """Where the event comes from, as `VISIT` has it; empty when it names no device or no address."""
    device, ip_key, network, place = event.device_key, event.ip_key, event.network_key, event.place
    if device is None or ip_key is None:
        return b""
    digest, country = 0, NO_COUNTRY
    if place is not None:
        if place.country is not None:
            country = country_key(place.country)
        latitude, longitude = place.latitude, place.longitude
        if latitude is not None and longitude is not None:
            digest = crc32(_pack_place(latitude, longitude, place.accuracy_km)) or 1
    return _pack_visit(
        device, ip_key, digest, country, NO_KEY if network is None else network, event.agent_traits
    )
