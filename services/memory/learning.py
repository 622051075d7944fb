"""What an event teaches the profile: the one place that writes it, after the verdict.

A failed login teaches nothing but failure counts. A held event teaches nothing until its challenge is passed: its facts
wait in `profile.quarantined`. Nothing is held that the policy lets through without a word. Late events merge as if they
had come in time, as far as decayed counts allow. Pure: no clock, no randomness, no I/O.
"""

from __future__ import annotations

from math import log1p

from contracts.changes import CHANGES
from contracts.currencies import units_counted
from contracts.events import (
    AccountChange,
    Activity,
    AnyEvent,
    Event,
    Login,
    OwnerAct,
    Transaction,
)
from contracts.profile import (
    DAY_S,
    DIGEST_BYTES,
    EVENT_ID_BYTES,
    MAX_COUNTRIES,
    MAX_DEVICES,
    MAX_EVENT_IDS,
    MAX_FAILURES,
    MAX_FIXES,
    MAX_NETWORKS,
    MAX_PAYEES,
    MAX_QUARANTINED,
    NO_DIGEST,
    Facts,
    Key,
    Profile,
    Quarantined,
    see_hour,
)
from contracts.sightings import add_fix, country_key, row_of, see, see_again
from contracts.traits import NO_TRAITS, see_traits
from detectors.measures.places import hides_place
from services.memory.answers import was_the_owners
from services.memory.forgetting import forget_device, trust_device
from services.memory.glance import Glance, begin_visit, end_visit, look, traits_of
from services.memory.till import LEARNING_RATE, turn_to, with_amount, with_value
from services.memory.waiting import first_try, is_as_asked

_Fix = tuple[float, float, float, Key]
QUARANTINE_S = 7 * DAY_S
AUTO_RELEASE_S = 3 * DAY_S
FAILURE_WINDOW_S = DAY_S
_EVENT_ID_TAIL = MAX_EVENT_IDS * EVENT_ID_BYTES
_DIGEST_TAIL = MAX_EVENT_IDS * DIGEST_BYTES


def knows_event(profile: Profile, event_key: Key) -> bool:
    """Whether the event id is among the last MAX_EVENT_IDS of the account."""
    return row_of(profile.event_ids, event_key, EVENT_ID_BYTES) >= 0


def has_other_content(profile: Profile, event_key: Key, digest: bytes) -> bool:
    """Whether the known event id was noted for another content; False where contents were not noted yet."""
    row = row_of(profile.event_ids, event_key, EVENT_ID_BYTES) // EVENT_ID_BYTES
    newest = len(profile.event_ids) // EVENT_ID_BYTES - row
    start = len(profile.event_digests) - newest * DIGEST_BYTES
    noted = profile.event_digests[start : start + DIGEST_BYTES] if start >= 0 else NO_DIGEST
    return noted != digest and noted != NO_DIGEST and digest != NO_DIGEST


def note_event(profile: Profile, event_key: Key, at: float, digest: bytes = NO_DIGEST) -> None:
    """Remember that the event happened at all: its id, the digest of its content, and the time span of the account."""
    known, contents = profile.event_ids, profile.event_digests
    known += event_key
    contents += digest
    if len(known) > _EVENT_ID_TAIL:
        del known[:EVENT_ID_BYTES]
        if len(contents) > _DIGEST_TAIL:
            del contents[:DIGEST_BYTES]
    profile.events += 1
    if at > profile.last_at:
        profile.last_at = int(at)
    if not profile.first_at or at < profile.first_at:
        profile.first_at = int(at)


def learn(
    profile: Profile,
    event: AnyEvent,
    event_key: Key,
    held: bool = False,
    challenged: bool = True,
    glance: Glance | None = None,
) -> None:
    """Teach the profile one decided event; `held` quarantines its facts.

    Quarantined facts wait for their challenge, a report or a label. Where nobody was `challenged` (the owner was only told) they
    are also released after a while, see `auto_release`. `glance` is what `look` said of the same event and profile, when that is
    known already.
    """
    kind = event.__class__
    if kind is Login:
        if event.outcome == "failure":  # type: ignore[union-attr]
            _learn_failure(profile, event.at)
            return
    elif kind is Transaction:
        if event.status == "failed":  # type: ignore[union-attr]
            return
    elif kind is AccountChange:
        change = CHANGES[event.change]  # type: ignore[union-attr]
        if change.factor is not None:
            profile.has_factor, profile.factor_disabled = change.factor
            if is_as_asked(profile, event):  # type: ignore[arg-type]
                profile.enrolled_as_asked_at = event.at
        if not change.teaches:
            return
    if held:
        _quarantine(profile, event_key, facts_of(event), challenged)
        return
    if glance is None:
        glance = look(event, profile, {})
    assert isinstance(event, Activity)
    if glance.visit_goes_on:
        _stay(profile, event.at)
    else:
        country, fix = _place_of(event)
        device, network = event.device_key, event.network_key
        _teach_where(profile, event.at, device, network, country, fix, traits_of(event), glance)
        begin_visit(profile, event)
    if kind is Login:
        _teach_login(profile, event.at)
    elif kind is Transaction and event.kind != "refund":  # type: ignore[union-attr]
        _teach_money(profile, event.at, event.value, event.payee_key, glance)  # type: ignore[union-attr]


def resolve(profile: Profile, event: Event, about_key: Key) -> None:
    """A challenge's outcome, a user's report or a label about the event `about_key`: release or drop its facts.

    What an owner did is about itself: a device that they gave up is forgotten, one that they trust is known from now on.
    """
    if isinstance(event, OwnerAct):
        if event.gone_device is not None:
            forget_device(profile, bytes.fromhex(event.gone_device))
        elif event.trusted_device is not None:
            trust_device(profile, bytes.fromhex(event.trusted_device), event.at)
        return
    good = was_the_owners(profile, event)
    if good is None:
        return
    if profile.waiting:
        about_key = first_try(profile, event, about_key, good)
    kept = []
    for each in profile.quarantined:
        if each.event_key != about_key:
            kept.append(each)
        elif good:
            release(profile, each.facts)
    profile.quarantined = kept


def facts_of(event: AnyEvent) -> Facts:
    """What the event would teach."""
    assert isinstance(event, Activity)
    country, fix = _place_of(event)
    if event.__class__ is Transaction:
        return Facts(
            "transaction", event.at, event.device_key, event.network_key, country, fix,
            event.payee_key, event.kind, event.currency, event.value, traits_of(event),
        )  # fmt: skip
    if event.__class__ is Login:
        return Facts(
            "login", event.at, event.device_key, event.network_key, country, fix, traits=traits_of(event)
        )
    change = event.change if event.__class__ is AccountChange else None
    return Facts(
        "account_change", event.at, event.device_key, event.network_key, country, fix,
        kind=change, traits=traits_of(event),
    )  # fmt: skip


def _learn_failure(profile: Profile, at: float) -> None:
    profile.failures_in_row += 1
    recent = [when for when in profile.failures if when > at - FAILURE_WINDOW_S]
    recent.append(at)
    if len(recent) > 1 and at < recent[-2]:
        recent.sort()
    profile.failures = recent[-MAX_FAILURES:]


def auto_release(profile: Profile, at: float) -> None:
    """Teach the facts that waited AUTO_RELEASE_S without a challenge and without an objection: a notice to the owner was due."""
    due = [
        each
        for each in profile.quarantined
        if each.auto_release and each.facts.at + AUTO_RELEASE_S <= at and profile.reported_at < each.facts.at
    ]
    if due:
        profile.quarantined = [each for each in profile.quarantined if each not in due]
        for each in due:
            release(profile, each.facts)


def _quarantine(profile: Profile, event_key: Key, facts: Facts, challenged: bool) -> None:
    kept = [each for each in profile.quarantined if each.facts.at + QUARANTINE_S > facts.at]
    kept.append(Quarantined(event_key, facts, not challenged))
    profile.quarantined = kept[-MAX_QUARANTINED:]


def release(profile: Profile, facts: Facts) -> None:
    """Teach the profile what was held back, as an event that is not held is learned; the visit ends."""
    end_visit(profile)
    glance, traits = Glance(), facts.traits or NO_TRAITS
    _teach_where(profile, facts.at, facts.device, facts.network, facts.country, facts.fix, traits, glance)
    if facts.type == "login":
        _teach_login(profile, facts.at)
    elif facts.type == "transaction" and facts.kind != "refund":
        assert facts.kind is not None
        assert facts.currency is not None
        turn_to(profile, facts.kind, facts.currency)
        glance.log_amount = log1p(facts.value * units_counted(facts.currency))
        _teach_money(profile, facts.at, facts.value, facts.payee, glance)


def _stay(profile: Profile, at: float) -> None:
    """The event comes from where the visit is: it is only counted."""
    if profile.visit_count and at // DAY_S != profile.visit_at // DAY_S:
        profile.settle()  # traits fade by the day
    profile.visit_count += 1
    profile.visit_at = at


def _teach_where(
    profile: Profile,
    at: float,
    device: Key | None,
    network: Key | None,
    country: str | None,
    fix: _Fix | None,
    traits: bytes,
    glance: Glance,
) -> None:
    """Where a trusted event came from; the glance knows of rows that need no search."""
    if device is not None:
        _see(profile.device_rows, device, glance.device_row, at, MAX_DEVICES)
    if network is not None:
        _see(profile.network_rows, network, glance.network_row, at, MAX_NETWORKS)
    if country is not None:
        _see(profile.country_rows, country_key(country), glance.country_row, at, MAX_COUNTRIES)
    if fix is not None:
        latitude, longitude, accuracy_km, ip_key = fix
        add_fix(profile.fix_rows, at, ip_key, latitude, longitude, accuracy_km, country, MAX_FIXES)
    see_traits(profile.trait_rows, traits, at)


def _teach_login(profile: Profile, at: float) -> None:
    profile.logins += 1
    profile.failures_in_row = 0
    see_hour(profile.login_hours, at)


def _teach_money(profile: Profile, at: float, value: float, payee: Key | None, glance: Glance) -> None:
    """What money of the till's kind and currency a trusted event moved, and to whom."""
    profile.till_amount = with_amount(profile.till_amount, glance.log_amount)
    profile.till_velocity = with_value(glance.faded or profile.till_velocity, at, value)
    profile.transactions += 1
    see_hour(profile.money_hours, at)
    if payee is not None:
        is_new = _see(profile.payee_rows, payee, glance.payee_row, at, MAX_PAYEES)
        rate = max(1.0 / profile.transactions, LEARNING_RATE)
        profile.new_payee_rate += rate * ((1.0 if is_new else 0.0) - profile.new_payee_rate)


def _see(rows: bytearray, key: Key, row: int, at: float, most: int) -> bool:
    """Count a sighting of the key, whose row is searched for unless it is known; True when the key is new."""
    if row < 0:
        return see(rows, key, at, most)
    see_again(rows, row, at)
    return False


def _place_of(event: Activity) -> tuple[str | None, _Fix | None]:
    """The country of an event, and its coordinates as `Facts.fix` has them: a VPN's are no place to travel from."""
    place = event.place
    if place is None:
        return None, None
    latitude, longitude, ip_key = place.latitude, place.longitude, event.ip_key
    if latitude is None or longitude is None or ip_key is None or hides_place(event):
        return place.country, None
    return place.country, (latitude, longitude, place.accuracy_km, ip_key)
