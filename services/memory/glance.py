"""One look at an event and its account: what is out of the ordinary, and where the rows stand that learning will write. Pure.

The visit is the latest run of events from one device and agent, over one address and network, at one place. Most events repeat
where the last one came from. The first event of a visit is written to the profile's rows; those that follow are only counted,
and written when the visit ends or somebody reads the tables (`Profile.settle`). Keys are always in the rows.
"""

from __future__ import annotations

from functools import cache
from struct import Struct as Layout
from zlib import crc32

from msgspec.structs import force_setattr

from contracts.circumstances import (
    MANY_CHALLENGES,
    MANY_PAYERS,
    RECENT_FAILURE_S,
    SETTLED_HOURS_COUNT,
    YOUNG_PAYEE_H,
    Circumstance,
)
from contracts.events import AccountChange, Activity, AnyEvent, Login, Transaction
from contracts.findings import Tallies
from contracts.money import Nine
from contracts.payees import ACCOUNTS_2D, AGE_H, FRAUDS, FRAUDS_NEW, NAMES
from contracts.profile import DAY_S, HOUR_S, HOURS, NO_COUNTRY, NO_KEY, VISIT, Profile
from contracts.sightings import SEEN_BYTES, TRUSTED_S, country_key, row_of, sighting, stays
from contracts.traits import ALL, AT, NO_TRAITS, TRAIT_BYTES, nothing
from contracts.traits import ROW_BYTES as TRAIT_ROW_BYTES
from detectors.measures.places import hides_place
from services.memory.till import look_at_money

_ALWAYS = int(Circumstance.ALWAYS)
_NEW_DEVICE = int(Circumstance.NEW_DEVICE)
_NEW_NETWORK = int(Circumstance.NEW_NETWORK)
_NEW_COUNTRY = int(Circumstance.NEW_COUNTRY)
_MOVED = int(Circumstance.MOVED)
_FAILED_LOGIN = int(Circumstance.FAILED_LOGIN)
_AFTER_FAILURES = int(Circumstance.AFTER_FAILURES)
_COUNTED = int(Circumstance.COUNTED)
_HELD = int(Circumstance.HELD)
_FAILED_CHALLENGE = int(Circumstance.FAILED_CHALLENGE)
_REMEMBERED = int(Circumstance.REMEMBERED)
_NEW_ADDRESS = int(Circumstance.NEW_ADDRESS)
_NEW_AGENT = int(Circumstance.NEW_AGENT)
_UNUSUAL_HOUR = int(Circumstance.UNUSUAL_HOUR)
_CHALLENGED = int(Circumstance.CHALLENGED)
_CHANGE = int(Circumstance.CHANGE)
_RECENT_FAILURE = int(Circumstance.RECENT_FAILURE)
_FRAUD_AT_PAYEE = int(Circumstance.FRAUD_AT_PAYEE)
_CROWD_AT_PAYEE = int(Circumstance.CROWD_AT_PAYEE)

NONE = -1
_ADDRESS, _AGENT = AT["address"], AT["agent"]
_FRAUDS = FRAUDS[-1]
_OF_PAYEE = frozenset(NAMES)
_ACTIVITIES = frozenset({Login, Transaction, AccountChange})
_pack_visit, _pack_place = VISIT.pack, Layout("<ddd").pack
_NETWORK, _COUNTRY, _DEVICE = nothing("network"), nothing("country"), nothing("device")


class Glance:
    """`circumstances` are bits of Circumstance; the rows are where the event's things stand in the profile (-1: nowhere).

    `visit_goes_on` says that device, network and place are those of the visit; then their rows are not looked up.
    `log_amount` is log(1 + amount) of money; `faded` is the currency's Velocity as of the event, None when there is none or
    the event is older than it.
    """

    circumstances: int = _ALWAYS
    visit_goes_on: bool = False
    device_row: int = NONE
    network_row: int = NONE
    country_row: int = NONE
    payee_row: int = NONE
    log_amount: float = 0.0
    faded: Nine | None = None


def look(event: AnyEvent, profile: Profile, tallies: Tallies) -> Glance:
    """A glance at any event against the profile as it was before it; a visit that does not go on is settled."""
    glance = Glance()
    bits = _ALWAYS
    if profile.quarantined:
        bits |= _HELD
    if profile.failed_challenges:
        bits |= _FAILED_CHALLENGE
    times = profile.challenge_times
    if times and len(times) >= MANY_CHALLENGES and event.at - times[-1] < DAY_S:
        bits |= _CHALLENGED
    if profile.slots:
        bits |= _REMEMBERED
    if profile.failures_in_row:
        bits |= _AFTER_FAILURES
    times = profile.failures
    if times and times[-1] > event.at - RECENT_FAILURE_S:
        bits |= _RECENT_FAILURE
    if tallies:
        bits |= _look_across(tallies)
    kind = event.__class__
    if kind in _ACTIVITIES:
        visit = profile.visit
        if visit and event.at >= profile.visit_at and _visit_of(event) == visit:  # type: ignore[arg-type]
            glance.visit_goes_on = True
        else:
            bits |= _look_around(glance, event, profile)  # type: ignore[arg-type]
        if kind is Login:
            if event.outcome == "failure":  # type: ignore[union-attr]
                bits |= _FAILED_LOGIN
            hours = profile.login_hours
            if profile.logins >= SETTLED_HOURS_COUNT and hours and not hours[int(event.at / HOUR_S) % HOURS]:
                bits |= _UNUSUAL_HOUR
        elif kind is Transaction:
            bits |= look_at_money(glance, event, profile)  # type: ignore[arg-type]
        else:
            bits |= _CHANGE
    glance.circumstances = bits
    return glance


def _look_across(tallies: Tallies) -> int:
    if AGE_H not in tallies:
        return _COUNTED if max(tallies.values()) > 1 else 0
    bits = 0
    if tallies.get(_FRAUDS) or tallies.get(FRAUDS_NEW):
        bits = _FRAUD_AT_PAYEE
    if tallies[AGE_H] <= YOUNG_PAYEE_H and tallies.get(ACCOUNTS_2D, 0) >= MANY_PAYERS:
        bits |= _CROWD_AT_PAYEE
    if len(tallies) > len(_OF_PAYEE):
        for name, count in tallies.items():
            if count > 1 and name not in _OF_PAYEE:
                bits |= _COUNTED
    return bits


def _look_around(glance: Glance, event: Activity, profile: Profile) -> int:
    if profile.visit_count:
        profile.settle()
    bits = 0
    key = event.device_key
    if key is not None:
        row = glance.device_row = row_of(profile.device_rows, key, SEEN_BYTES)
        if row < 0 or event.at - sighting(profile.device_rows, row)[1] > TRUSTED_S:
            bits |= _NEW_DEVICE
    key = event.network_key
    if key is not None:
        row = glance.network_row = row_of(profile.network_rows, key, SEEN_BYTES)
        if row < 0:
            bits |= _NEW_NETWORK
    traits, rows = traits_of(event), profile.trait_rows
    if rows:
        if row_of(rows, traits[_ADDRESS], TRAIT_ROW_BYTES) < 0:
            bits |= _NEW_ADDRESS
        if row_of(rows, traits[_AGENT], TRAIT_ROW_BYTES) < 0:
            bits |= _NEW_AGENT
    place = event.place
    if place is not None:
        country = place.country
        if country is not None:
            row = glance.country_row = row_of(profile.country_rows, country_key(country), SEEN_BYTES)
            if row < 0:
                bits |= _NEW_COUNTRY
        if place.latitude is not None and not stays(profile.fix_rows, event.at, event.ip_key):
            bits |= _MOVED
    return bits


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


def end_visit(profile: Profile) -> None:
    """Settle, and forget where the visit was."""
    if profile.visit:
        profile.settle()
        profile.visit, profile.visit_at = b"", 0.0


def begin_visit(profile: Profile, event: Activity) -> None:
    """The event, which the rows have just been taught, begins a visit, unless it tells too little or comes late."""
    place = event.place
    visit = b"" if event.at < profile.visit_at else _visit_of(event)
    if visit and place is not None and place.latitude is not None and place.longitude is not None:
        visit = visit if stays(profile.fix_rows, event.at, event.ip_key) else b""
    if not visit:
        end_visit(profile)
        return
    profile.visit, profile.visit_at = visit, event.at


def _visit_of(event: Activity) -> bytes:
    """Where the event comes from, as `VISIT` has it; empty when it names no device or no address, or came over a network that
    hides the place."""
    device, ip_key, network, place = event.device_key, event.ip_key, event.network_key, event.place
    if device is None or ip_key is None or hides_place(event):
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
