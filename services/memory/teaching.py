"""Writing to the rows of a profile what a trusted event showed: where it came from, and what money it moved. Pure."""

from __future__ import annotations

from math import exp, log1p, sqrt

from contracts.currencies import units_counted
from contracts.events import Activity, Place, Transaction
from contracts.hours import see_hour
from contracts.money import Nine
from contracts.profile import (
    DAY_S,
    HOUR_S,
    MAX_COUNTRIES,
    MAX_DEVICES,
    MAX_FIXES,
    MAX_NETWORKS,
    MAX_PAYEES,
    Facts,
    Profile,
)
from contracts.sightings import add_fix, country_key, see, see_again
from contracts.traits import NO_TRAITS, see_traits
from services.memory.glance import Glance
from services.memory.till import turn_to
from services.memory.visit import begin, end, traits_of

_LEARNING_RATE = 0.05
_WINSOR_DEVIATIONS = 3.0
_DEVIATION_FLOOR = 0.15
_WEEK_S, _MONTH_S = 7 * DAY_S, 30 * DAY_S


def teach_where(profile: Profile, event: Activity, glance: Glance) -> None:
    """What `apply_facts` of the event's facts would teach of device, network and place."""
    at = event.at
    if glance.visit_goes_on:
        if profile.visit_count and at // DAY_S != profile.visit_at // DAY_S:
            profile.settle()  # traits fade by the day
        profile.visit_count += 1
        profile.visit_at = at
        return
    row = glance.device_row
    if row >= 0:
        see_again(profile.device_rows, row, at)
    elif event.device_key is not None:
        see(profile.device_rows, event.device_key, at, MAX_DEVICES)
    row = glance.network_row
    if row >= 0:
        see_again(profile.network_rows, row, at)
    elif event.network_key is not None:
        see(profile.network_rows, event.network_key, at, MAX_NETWORKS)
    if event.place is not None:
        _teach_place(profile, event.place, event, glance)
    see_traits(profile.trait_rows, traits_of(event), at)
    begin(profile, event)


def _teach_place(profile: Profile, place: Place, event: Activity, glance: Glance) -> None:
    at, country, latitude, longitude = event.at, place.country, place.latitude, place.longitude
    if glance.country_row >= 0:
        see_again(profile.country_rows, glance.country_row, at)
    elif country is not None:
        see(profile.country_rows, country_key(country), at, MAX_COUNTRIES)
    ip_key = event.ip_key
    if latitude is not None and longitude is not None and ip_key is not None:
        add_fix(profile.fix_rows, at, ip_key, latitude, longitude, place.accuracy_km, country, MAX_FIXES)


def teach_money(profile: Profile, event: Transaction, glance: Glance) -> None:
    """What `apply_facts` of the event's facts would teach of money; the till is the event's since the glance."""
    value, at = event.value, event.at
    profile.till_amount = _with_amount(profile.till_amount, glance.log_amount)
    faded = glance.faded
    if faded is None:
        profile.till_velocity = _with_value(profile.till_velocity, at, value)
    else:
        _, c1, c2, c3, c4, s1, s2, s3, s4 = faded
        profile.till_velocity = (
            at, c1 + 1.0, c2 + 1.0, c3 + 1.0, c4 + 1.0, s1 + value, s2 + value, s3 + value, s4 + value
        )  # fmt: skip
    transactions = profile.transactions = profile.transactions + 1
    see_hour(profile.money_hours, at)
    payee, row = event.payee_key, glance.payee_row
    if payee is None:
        return
    if row >= 0:
        see_again(profile.payee_rows, row, at)
    else:
        see(profile.payee_rows, payee, at, MAX_PAYEES)
    _learn_payee_rate(profile, transactions, row < 0)


def apply_facts(profile: Profile, facts: Facts) -> None:
    """Teach the profile what a trusted event showed; the visit ends."""
    end(profile)
    at = facts.at
    if facts.device is not None:
        see(profile.device_rows, facts.device, at, MAX_DEVICES)
    if facts.network is not None:
        see(profile.network_rows, facts.network, at, MAX_NETWORKS)
    if facts.country is not None:
        see(profile.country_rows, country_key(facts.country), at, MAX_COUNTRIES)
    see_traits(profile.trait_rows, facts.traits or NO_TRAITS, at)
    if facts.fix is not None:
        latitude, longitude, accuracy_km, ip_key = facts.fix
        add_fix(profile.fix_rows, at, ip_key, latitude, longitude, accuracy_km, facts.country, MAX_FIXES)
    if facts.type == "login":
        profile.logins += 1
        profile.failures_in_row = 0
        see_hour(profile.login_hours, at)
    elif facts.type == "transaction" and facts.kind != "refund":
        _apply_money(profile, facts)


def _apply_money(profile: Profile, facts: Facts) -> None:
    assert facts.kind is not None
    assert facts.currency is not None
    turn_to(profile, facts.kind, facts.currency)
    profile.till_amount = _with_amount(
        profile.till_amount, log1p(facts.value * units_counted(facts.currency))
    )
    profile.till_velocity = _with_value(profile.till_velocity, facts.at, facts.value)
    profile.transactions += 1
    see_hour(profile.money_hours, facts.at)
    if facts.payee is not None:
        is_new = see(profile.payee_rows, facts.payee, facts.at, MAX_PAYEES)
        _learn_payee_rate(profile, profile.transactions, is_new)


def _learn_payee_rate(profile: Profile, transactions: int, is_new: bool) -> None:
    rate = 1.0 / transactions
    if rate < _LEARNING_RATE:
        rate = _LEARNING_RATE
    known = profile.new_payee_rate
    profile.new_payee_rate = known + rate * ((1.0 if is_new else 0.0) - known)


def _with_amount(known: tuple[int, float, float], y: float) -> tuple[int, float, float]:
    # Finch (2009), incremental exponentially weighted mean and variance; d is winsorised against outliers.
    n, mean, variance = known
    d = y - mean
    if n >= 3:
        limit = _WINSOR_DEVIATIONS * (sqrt(variance) + _DEVIATION_FLOOR)
        if d > limit:
            d = limit
        elif d < -limit:
            d = -limit
    a = 1.0 / (n + 1)
    if a < _LEARNING_RATE:
        a = _LEARNING_RATE
    return n + 1, mean + a * d, (1.0 - a) * (variance + a * d * d)


def _with_value(known: Nine | None, at: float, value: float) -> Nine:
    if known is None:
        return at, 1.0, 1.0, 1.0, 1.0, value, value, value, value
    known_at, c1, c2, c3, c4, s1, s2, s3, s4 = known
    since = at - known_at
    if since >= 0.0:
        h, d, w, m = exp(-since / HOUR_S), exp(-since / DAY_S), exp(-since / _WEEK_S), exp(-since / _MONTH_S)
        return (
            at, c1 * h + 1.0, c2 * d + 1.0, c3 * w + 1.0, c4 * m + 1.0,
            s1 * h + value, s2 * d + value, s3 * w + value, s4 * m + value,
        )  # fmt: skip
    h, d, w, m = exp(since / HOUR_S), exp(since / DAY_S), exp(since / _WEEK_S), exp(since / _MONTH_S)
    return (
        known_at, c1 + h, c2 + d, c3 + w, c4 + m,
        s1 + value * h, s2 + value * d, s3 + value * w, s4 + value * m,
    )  # fmt: skip
