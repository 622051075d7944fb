"""One look at an event and its account: what is out of the ordinary, and where the rows stand that learning will write. Pure."""

from __future__ import annotations

from math import exp, log1p

from contracts.amounts import major_units
from contracts.circumstances import (
    BUSY_1D_COUNT,
    BUSY_1D_FLOOR,
    BUSY_1H_COUNT,
    BUSY_1H_FLOOR,
    BUSY_7D_COUNT,
    BUSY_7D_FLOOR,
    FEW_AMOUNTS,
    HELD_CHANGE_S,
    HELD_MONEY_S,
    LARGE_LOG,
    MANY_CHALLENGES,
    MANY_PAYERS,
    MUCH_SHARE,
    PACE_PRIOR_COUNT,
    PACE_PRIOR_S,
    RECENT_FAILURE_S,
    SETTLED_HOURS_COUNT,
    YOUNG_PAYEE_H,
    Circumstance,
)
from contracts.currencies import COUNTED_BY_ONE, units_counted
from contracts.events import AccountChange, Activity, AnyEvent, Login, Transaction
from contracts.findings import Tallies
from contracts.hours import HOURS
from contracts.money import Nine, together
from contracts.payees import ACCOUNTS_2D, AGE_H, FRAUDS, FRAUDS_NEW, NAMES
from contracts.profile import DAY_S, HOUR_S, Profile
from contracts.sightings import SEEN_BYTES, country_key, row_of, stays
from contracts.traits import AT
from contracts.traits import ROW_BYTES as TRAIT_ROW_BYTES
from services.memory.till import turn_to
from services.memory.visit import goes_on, traits_of

_ALWAYS = int(Circumstance.ALWAYS)
_NEW_DEVICE = int(Circumstance.NEW_DEVICE)
_NEW_NETWORK = int(Circumstance.NEW_NETWORK)
_NEW_COUNTRY = int(Circumstance.NEW_COUNTRY)
_NEW_PAYEE = int(Circumstance.NEW_PAYEE)
_MOVED = int(Circumstance.MOVED)
_FAILED_LOGIN = int(Circumstance.FAILED_LOGIN)
_AFTER_FAILURES = int(Circumstance.AFTER_FAILURES)
_COUNTED = int(Circumstance.COUNTED)
_HELD = int(Circumstance.HELD)
_FAILED_CHALLENGE = int(Circumstance.FAILED_CHALLENGE)
_REMEMBERED = int(Circumstance.REMEMBERED)
_LARGE = int(Circumstance.LARGE)
_BUSY = int(Circumstance.BUSY)
_NEW_ADDRESS = int(Circumstance.NEW_ADDRESS)
_NEW_AGENT = int(Circumstance.NEW_AGENT)
_UNUSUAL_HOUR = int(Circumstance.UNUSUAL_HOUR)
_FAILED_PAYMENT = int(Circumstance.FAILED_PAYMENT)
_TOP_UP = int(Circumstance.TOP_UP)
_TAKES_MUCH = int(Circumstance.TAKES_MUCH)
_CHALLENGED = int(Circumstance.CHALLENGED)
_CHANGE = int(Circumstance.CHANGE)
_HELD_CHANGE = int(Circumstance.HELD_CHANGE)
_HELD_MONEY = int(Circumstance.HELD_MONEY)
_RECENT_FAILURE = int(Circumstance.RECENT_FAILURE)
_FRAUD_AT_PAYEE = int(Circumstance.FRAUD_AT_PAYEE)
_CROWD_AT_PAYEE = int(Circumstance.CROWD_AT_PAYEE)

NONE = -1
_ADDRESS, _AGENT = AT["address"], AT["agent"]
_FRAUDS = FRAUDS[-1]
_OF_PAYEE = frozenset(NAMES)
_ACTIVITIES = frozenset({Login, Transaction, AccountChange})
_WEEK_S, _MONTH_S = 7 * DAY_S, 30 * DAY_S
_HOUR_FLOOR, _DAY_FLOOR, _WEEK_FLOOR = BUSY_1H_FLOOR - 1.0, BUSY_1D_FLOOR - 1.0, BUSY_7D_FLOOR - 1.0
#: Detectors work the pace out in another order: what is on the brink for them must not be lost here.
_SURELY = 1.0 - 1e-9


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
    if profile.pending:
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
        if goes_on(profile, event):  # type: ignore[arg-type]
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
            bits |= _look_at_money(glance, event, profile)  # type: ignore[arg-type]
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
        if row < 0:
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


def _look_at_money(glance: Glance, event: Transaction, profile: Profile) -> int:
    bits = 0
    for held in profile.pending:
        facts = held.facts
        if facts.type == "account_change":
            if facts.at > event.at - HELD_CHANGE_S:
                bits |= _HELD_CHANGE
        elif facts.type == "transaction" and facts.at > event.at - HELD_MONEY_S:
            bits |= _HELD_MONEY
    key = event.payee_key
    if key is not None:
        row = glance.payee_row = row_of(profile.payee_rows, key, SEEN_BYTES)
        if row < 0:
            bits |= _NEW_PAYEE
    if event.kind != profile.till_kind or event.currency != profile.till_currency:
        turn_to(profile, event.kind, event.currency)
    if event.status == "failed":
        bits |= _FAILED_PAYMENT
    elif event.kind == "top_up":
        bits |= _TOP_UP
    elif event.balance is not None and event.value >= MUCH_SHARE * major_units(event.balance, event.currency):
        bits |= _TAKES_MUCH
    log_amount = glance.log_amount = log1p(
        event.value if event.currency in COUNTED_BY_ONE else event.value * units_counted(event.currency)
    )
    n, mean, _ = profile.till_amount
    if log_amount > mean + LARGE_LOG or n < FEW_AMOUNTS:
        bits |= _LARGE
    velocity = profile.till_velocity
    if (velocity is not None and _look_at_pace(glance, velocity, event.at, event.at - profile.first_at)) or (
        profile.velocity_rows and _look_at_every_pace(profile, event.at)
    ):
        bits |= _BUSY
    hours = profile.money_hours
    if profile.transactions >= SETTLED_HOURS_COUNT and hours and not hours[int(event.at / HOUR_S) % HOURS]:
        bits |= _UNUSUAL_HOUR
    return bits


def _look_at_pace(glance: Glance, velocity: Nine, at: float, age_s: float) -> bool:
    known_at, an_hour, a_day, a_week, a_month, hour_sum, day_sum, week_sum, month_sum = velocity
    since = at - known_at
    if since >= 0.0:
        h, d, w, m = exp(-since / HOUR_S), exp(-since / DAY_S), exp(-since / _WEEK_S), exp(-since / _MONTH_S)
        an_hour, a_day, a_week, a_month = an_hour * h, a_day * d, a_week * w, a_month * m
        glance.faded = (
            at, an_hour, a_day, a_week, a_month, hour_sum * h, day_sum * d, week_sum * w, month_sum * m
        )  # fmt: skip
    if a_day < _DAY_FLOOR and an_hour < _HOUR_FLOOR and a_week < _WEEK_FLOOR:
        return False
    return _is_busy(an_hour, a_day, a_week, a_month, age_s)


def _look_at_every_pace(profile: Profile, at: float) -> bool:
    """Whether the account is busy when all its currencies are counted together."""
    _, an_hour, a_day, a_week, a_month, *_ = together(
        [(velocity, 0.0) for _, velocity in profile.velocity.items()], at
    )
    return _is_busy(an_hour, a_day, a_week, a_month, at - profile.first_at)


def _is_busy(an_hour: float, a_day: float, a_week: float, a_month: float, age_s: float) -> bool:
    # What a decayed counter of an account this old stands for, see detectors.measures.pace.
    if age_s < 0.0:
        age_s = 0.0
    month_s = _MONTH_S * (1.0 - exp(-age_s / _MONTH_S)) + PACE_PRIOR_S
    older = a_month + PACE_PRIOR_COUNT
    return (
        (an_hour >= _HOUR_FLOOR and _bursts(an_hour, HOUR_S, BUSY_1H_COUNT, older, month_s, age_s))
        or (a_day >= _DAY_FLOOR and _bursts(a_day, DAY_S, BUSY_1D_COUNT, older, month_s, age_s))
        or (a_week >= _WEEK_FLOOR and _bursts(a_week, _WEEK_S, BUSY_7D_COUNT, older, month_s, age_s))
    )


def _bursts(before: float, tau: float, burst: float, older: float, month_s: float, age_s: float) -> bool:
    pace = tau * (older - before) / (month_s - tau * (1.0 - exp(-age_s / tau)))
    return before + 1.0 > pace * _SURELY + burst
