"""What a trained model reads of a transaction: one vector of numbers with fixed names. Training and scoring call this very code.

Everything is of the account as it was before the event, or of its payee as far as verdicts had come in. Nothing says whether
this account was ever reported. What is not known is UNKNOWN; spans are capped, so that a stream that grows older stays
comparable with the days a model was trained on. Pure, and a fixed number of steps whatever the account's history.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import log1p, sqrt

from contracts.amounts import major_units
from contracts.circumstances import Circumstance
from contracts.currencies import units_counted
from contracts.events import Transaction
from contracts.findings import Tallies
from contracts.money import MONEY_KINDS
from contracts.payees import ACCOUNTS_2D, AGE_H, COUNTS, FRAUDS, FRAUDS_NEW
from contracts.profile import DAY_S, HOUR_S, HOURS, Profile, hour_of
from contracts.sightings import sighting
from detectors.measures.amounts import UNITS_PER_USD
from services.memory.glance import Glance

#: Raise it when a name, its place or its meaning changes: a model of another version is refused.
VERSION = 2

UNKNOWN = -1.0
_POPULATION_USD = 40.0
_LOG_POPULATION = log1p(_POPULATION_USD)
#: Transactions of the population that weigh as much as the account's own: of its spread, and of its means.
_SPREAD_COUNT, _MEAN_COUNT = 3.0, 2.0
_DEVIATION_FLOOR = 0.15
_MOST_DAYS, _MOST_COUNT, _MOST_RATIO = 60.0, 50, 100.0
_MONTH_DAYS = 32.0
#: As long as the facts of money that nobody answers for are kept.
_HELD_S = 7.0 * DAY_S
#: Pseudo-transactions of the payees' risk over 1, 7 and 30 days, and the share of them that is fraud.
_PAYEE_PRIORS = (2.0, 6.0, 20.0)
_PAYEE_RATE = 0.01
_NEW_DEVICE = int(Circumstance.NEW_DEVICE | Circumstance.NEW_AGENT)
_NEW_NETWORK = int(Circumstance.NEW_NETWORK)
_NEW_ADDRESS = int(Circumstance.NEW_ADDRESS)
_NEW_COUNTRY = int(Circumstance.NEW_COUNTRY)
_KINDS = {kind: float(index) for index, kind in enumerate(MONEY_KINDS)}
_FRAUDS_1D, _FRAUDS_7D, _FRAUDS_30D = FRAUDS
_COUNT_1D, _COUNT_7D, _COUNT_30D = COUNTS
_NO_PAYEE = (UNKNOWN,) * 12
_NO_VELOCITY = (0.0,) * 9

#: Each feature with the aspect of the event that it tells of, in the order of the vector.
FEATURES: tuple[tuple[str, str], ...] = (
    ("amount_usd_log", "amount"),
    ("amount_z", "amount"),
    ("amount_over_mean_30d", "amount"),
    ("amount_over_mean_7d", "amount"),
    ("amount_over_mean_1d", "amount"),
    ("balance_share", "balance"),
    ("kind", "kind"),
    ("category_log_odds", "category"),
    ("count_1h", "pace"),
    ("count_1d", "pace"),
    ("count_7d", "pace"),
    ("count_30d", "pace"),
    ("count_1d_over_pace", "pace"),
    ("count_7d_over_pace", "pace"),
    ("sum_1d_over_pace", "pace"),
    ("sum_7d_over_pace", "pace"),
    ("hours_since_last", "pace"),
    ("hour_of_day", "hour"),
    ("hour_share", "hour"),
    ("own_payee_new", "own_payee"),
    ("own_payee_count", "own_payee"),
    ("own_payee_share", "own_payee"),
    ("own_payee_age_days", "own_payee"),
    ("own_payee_days_since", "own_payee"),
    ("own_new_payee_rate", "own_payee"),
    ("payee_age_hours", "payee_age"),
    ("payee_accounts_2d", "payee_crowd"),
    ("payee_count_1d", "payee_crowd"),
    ("payee_count_7d", "payee_crowd"),
    ("payee_count_30d", "payee_crowd"),
    ("payee_frauds_1d", "payee_frauds"),
    ("payee_frauds_7d", "payee_frauds"),
    ("payee_frauds_30d", "payee_frauds"),
    ("payee_frauds_new", "payee_frauds"),
    ("payee_risk_1d", "payee_frauds"),
    ("payee_risk_7d", "payee_frauds"),
    ("payee_risk_30d", "payee_frauds"),
    ("device_new", "device"),
    ("network_new", "network"),
    ("address_new", "network"),
    ("country_new", "country"),
    ("login_failures", "failures"),
    ("history_count", "history"),
    ("account_age_days", "history"),
    ("held_count_7d", "held"),
)
NAMES = tuple(name for name, _ in FEATURES)
#: A category that a model has not learnt stands where an average one does.
NO_CATEGORY = 0.0

Vector = tuple[float, ...]


def features(
    event: Transaction,
    profile: Profile,
    glance: Glance,
    tallies: Tallies,
    categories: Mapping[str | None, float],
) -> Vector:
    """The vector of a transaction, in the order of NAMES.

    `glance` is what `look` said of the same event and profile; `categories` is a model's table of log-odds by category.
    """
    at = event.at
    bits = glance.circumstances
    age_days = (at - profile.first_at) / DAY_S if profile.first_at else 0.0
    return (
        *_of_amount(event, profile, glance),
        _KINDS[event.kind],
        categories.get(event.category, NO_CATEGORY),
        *_of_pace(event, profile, glance),
        *_of_hour(profile, at),
        *_of_own_payee(event, profile, glance),
        *(_of_payee(tallies) if AGE_H in tallies else _NO_PAYEE),
        1.0 if bits & _NEW_DEVICE else 0.0,
        1.0 if bits & _NEW_NETWORK else 0.0,
        1.0 if bits & _NEW_ADDRESS else 0.0,
        1.0 if bits & _NEW_COUNTRY else 0.0,
        profile.failures_in_row,
        profile.transactions if profile.transactions < _MOST_COUNT else _MOST_COUNT,
        age_days if age_days < _MOST_DAYS else _MOST_DAYS,
        _held(event, profile) if profile.quarantined else 0.0,
    )


def _held(event: Transaction, profile: Profile) -> float:
    since, currency = event.at - _HELD_S, event.currency
    return float(
        sum(
            1
            for each in profile.quarantined
            if each.facts.type == "transaction" and each.facts.currency == currency and each.facts.at > since
        )
    )


def _of_amount(event: Transaction, profile: Profile, glance: Glance) -> Vector:
    value = event.value
    units = UNITS_PER_USD.get(event.currency, 1.0)
    counted = units * units_counted(event.currency)
    n, mean, variance = profile.till_amount
    trust = n / (n + _SPREAD_COUNT)
    usual = trust * mean + (1.0 - trust) * (
        _LOG_POPULATION if counted == 1.0 else log1p(_POPULATION_USD * counted)
    )
    z = (glance.log_amount - usual) / (sqrt(trust * variance + 1.0 - trust) + _DEVIATION_FLOOR)
    _, _, day_count, week_count, month_count, _, day_sum, week_sum, month_sum = _velocity(profile, glance)
    month = (month_sum + _MEAN_COUNT * _POPULATION_USD * units) / (month_count + _MEAN_COUNT)
    over = value / month
    held = UNKNOWN
    if event.balance is not None:
        held = value / (major_units(event.balance, event.currency) + 0.01)
        if held > _MOST_RATIO:
            held = _MOST_RATIO
    return (
        log1p(value / units),
        z,
        over if over < _MOST_RATIO else _MOST_RATIO,
        value / ((week_sum + _MEAN_COUNT * month) / (week_count + _MEAN_COUNT)),
        value / ((day_sum + _MEAN_COUNT * month) / (day_count + _MEAN_COUNT)),
        held,
    )


def _of_pace(event: Transaction, profile: Profile, glance: Glance) -> Vector:
    value = event.value
    hour_count, day_count, week_count, month_count = (velocity := _velocity(profile, glance))[1:5]
    day_sum, week_sum, month_sum = velocity[6:]
    day_pace = (month_count + _MEAN_COUNT) / _MONTH_DAYS
    day_money = (
        month_sum + _MEAN_COUNT * _POPULATION_USD * UNITS_PER_USD.get(event.currency, 1.0)
    ) / _MONTH_DAYS
    hours = UNKNOWN
    if profile.till_velocity is not None:
        hours = (event.at - profile.till_velocity[0]) / HOUR_S
        hours = 0.0 if hours < 0.0 else hours if hours < _MOST_DAYS * HOURS else _MOST_DAYS * HOURS
    return (
        hour_count,
        day_count,
        week_count,
        month_count,
        (day_count + 1.0) / (day_pace + 1.0),
        (week_count + 1.0) / (7.0 * day_pace + 1.0),
        (day_sum + value) / (day_money + 1.0),
        (week_sum + value) / (7.0 * day_money + 1.0),
        hours,
    )


def _velocity(profile: Profile, glance: Glance) -> Vector:
    # A late event has no faded counters: those of the account's latest money are the nearest there are.
    return glance.faded or profile.till_velocity or _NO_VELOCITY


def _of_hour(profile: Profile, at: float) -> Vector:
    hour, hours = hour_of(at), profile.money_hours
    of_day = at % DAY_S / HOUR_S
    if not hours:
        return of_day, 1.0 / HOURS
    near = hours[hour] + 0.5 * (hours[hour - 1] + hours[hour + 1 if hour < HOURS - 1 else 0])
    return of_day, (near + 0.5) / (2.0 * sum(hours) + 0.5 * HOURS)


def _of_own_payee(event: Transaction, profile: Profile, glance: Glance) -> Vector:
    row = glance.payee_row
    if row < 0:
        new = UNKNOWN if event.payee_key is None else 1.0
        return new, 0.0, 0.0, UNKNOWN, UNKNOWN, profile.new_payee_rate
    first_at, last_at, count = sighting(profile.payee_rows, row)
    at = event.at
    age, since = (at - first_at) / DAY_S, (at - last_at) / DAY_S
    return (
        0.0,
        count if count < _MOST_COUNT else _MOST_COUNT,
        count / (profile.transactions + 1.0),
        age if age < _MOST_DAYS else _MOST_DAYS,
        since if since < _MOST_DAYS else _MOST_DAYS,
        profile.new_payee_rate,
    )


def _of_payee(tallies: Tallies) -> Vector:
    get = tallies.get
    age = get(AGE_H, 0)
    day, week, month = get(_COUNT_1D, 0), get(_COUNT_7D, 0), get(_COUNT_30D, 0)
    day_f, week_f, month_f = get(_FRAUDS_1D, 0), get(_FRAUDS_7D, 0), get(_FRAUDS_30D, 0)
    of_day, of_week, of_month = _PAYEE_PRIORS
    return (
        age if age < _MOST_DAYS * HOURS else _MOST_DAYS * HOURS,
        get(ACCOUNTS_2D, 0),
        day,
        week,
        month,
        day_f,
        week_f,
        month_f,
        get(FRAUDS_NEW, 0),
        (day_f + of_day * _PAYEE_RATE) / (day + of_day),
        (week_f + of_week * _PAYEE_RATE) / (week + of_week),
        (month_f + of_month * _PAYEE_RATE) / (month + of_month),
    )
