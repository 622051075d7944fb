"""The till: what is remembered of the kind of money and the currency moved last, unpacked; all others are rows. Pure.

Most people move one kind of money in one currency. Turning to another one writes the till to its rows and takes the other's out.
What is out of the ordinary about money is seen here, and what it teaches.
"""

from __future__ import annotations

from math import exp, log1p, sqrt
from typing import TYPE_CHECKING

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
    MUCH_SHARE,
    PACE_PRIOR_COUNT,
    PACE_PRIOR_S,
    SETTLED_HOURS_COUNT,
    Circumstance,
)
from contracts.currencies import COUNTED_BY_ONE, units_counted
from contracts.events import Transaction
from contracts.money import (
    AMOUNT_BYTES,
    VELOCITY_BYTES,
    Nine,
    add_amount,
    add_velocity,
    amount_key,
    currency_key,
    read_amount,
    read_velocity,
    together,
)
from contracts.profile import DAY_S, HOUR_S, HOURS, Profile
from contracts.sightings import SEEN_BYTES, row_of

if TYPE_CHECKING:
    from services.memory.glance import Glance

#: The least part that the latest event has in what is remembered of all.
LEARNING_RATE = 0.05
_WINSOR_DEVIATIONS = 3.0
_DEVIATION_FLOOR = 0.15
_NEW_PAYEE = int(Circumstance.NEW_PAYEE)
_LARGE = int(Circumstance.LARGE)
_BUSY = int(Circumstance.BUSY)
_UNUSUAL_HOUR = int(Circumstance.UNUSUAL_HOUR)
_FAILED_PAYMENT = int(Circumstance.FAILED_PAYMENT)
_TOP_UP = int(Circumstance.TOP_UP)
_TAKES_MUCH = int(Circumstance.TAKES_MUCH)
_HELD_CHANGE = int(Circumstance.HELD_CHANGE)
_HELD_MONEY = int(Circumstance.HELD_MONEY)
_WEEK_S, _MONTH_S = 7 * DAY_S, 30 * DAY_S
_HOUR_FLOOR, _DAY_FLOOR, _WEEK_FLOOR = BUSY_1H_FLOOR - 1.0, BUSY_1D_FLOOR - 1.0, BUSY_7D_FLOOR - 1.0
#: Detectors work the pace out in another order: what is on the brink for them must not be lost here.
_SURELY = 1.0 - 1e-9


def turn_to(profile: Profile, kind: str, currency: str) -> None:
    """Make the till that of this kind of money and currency. What is remembered stays the same."""
    if currency != profile.till_currency:
        _turn_velocity(profile, currency)
    elif kind == profile.till_kind:
        return
    if profile.till_amount[0]:
        key = amount_key(profile.till_kind, profile.till_currency)
        add_amount(profile.amount_rows, key, *profile.till_amount)
    profile.till_kind, profile.till_currency = kind, currency
    rows = profile.amount_rows
    row = row_of(rows, amount_key(kind, currency), AMOUNT_BYTES)
    if row < 0:
        profile.till_amount = (0, 0.0, 0.0)
        return
    profile.till_amount = read_amount(rows, row)
    del rows[row : row + AMOUNT_BYTES]


def _turn_velocity(profile: Profile, currency: str) -> None:
    rows = profile.velocity_rows
    if profile.till_velocity is not None:
        add_velocity(rows, currency_key(profile.till_currency), *profile.till_velocity)
    row = row_of(rows, currency_key(currency), VELOCITY_BYTES)
    if row < 0:
        profile.till_velocity = None
        return
    profile.till_velocity = read_velocity(rows, row)
    del rows[row : row + VELOCITY_BYTES]


def look_at_money(glance: Glance, event: Transaction, profile: Profile) -> int:
    """What is out of the ordinary about money, as bits; the till is turned to its kind and currency."""
    bits = 0
    for held in profile.quarantined:
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


def with_amount(known: tuple[int, float, float], y: float) -> tuple[int, float, float]:
    """Count, mean and variance of logarithms of amounts with one more.

    Finch (2009), incremental exponentially weighted mean and variance; `d` is winsorised against outliers.
    """
    n, mean, variance = known
    d = y - mean
    if n >= 3:
        limit = _WINSOR_DEVIATIONS * (sqrt(variance) + _DEVIATION_FLOOR)
        if d > limit:
            d = limit
        elif d < -limit:
            d = -limit
    a = 1.0 / (n + 1)
    if a < LEARNING_RATE:
        a = LEARNING_RATE
    return n + 1, mean + a * d, (1.0 - a) * (variance + a * d * d)


def with_value(known: Nine | None, at: float, value: float) -> Nine:
    """The velocity of a currency with one more amount; a late one has faded by as much as what is known is newer."""
    if known is None:
        return at, 1.0, 1.0, 1.0, 1.0, value, value, value, value
    known_at, c1, c2, c3, c4, s1, s2, s3, s4 = known
    since = at - known_at
    h = d = w = m = 1.0
    if since:
        age = abs(since)
        h, d, w, m = exp(-age / HOUR_S), exp(-age / DAY_S), exp(-age / _WEEK_S), exp(-age / _MONTH_S)
    if since >= 0.0:
        return (
            at, c1 * h + 1.0, c2 * d + 1.0, c3 * w + 1.0, c4 * m + 1.0,
            s1 * h + value, s2 * d + value, s3 * w + value, s4 * m + value,
        )  # fmt: skip
    return (
        known_at, c1 + h, c2 + d, c3 + w, c4 + m,
        s1 + value * h, s2 + value * d, s3 + value * w, s4 + value * m,
    )  # fmt: skip
