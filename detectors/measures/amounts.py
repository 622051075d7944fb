"""What amounts are usual for an account, on the scale of log(1 + amount), and what they are worth beside each other.

Amounts are in counted units (`contracts.currencies.units_counted`): major units of money, millionths of coins.
"""

from __future__ import annotations

from collections.abc import Iterable
from math import exp, log, sqrt
from typing import NamedTuple

from contracts.currencies import units_counted
from contracts.events import Transaction
from contracts.exchange import ExchangeRates
from contracts.money import together
from contracts.profile import AmountStatistics, Profile, Velocity
from detectors.measures.steps import INCOMING

#: How many units of a currency buy about what a dollar buys. Orders of magnitude for the population's prior, not rates.
UNITS_PER_USD = {
    "USD": 1.0, "EUR": 1.0, "GBP": 1.0, "CHF": 1.0, "CAD": 1.0, "AUD": 1.5, "NZD": 1.5, "SGD": 1.5,
    "CNY": 7.0, "HKD": 8.0, "SEK": 10.0, "NOK": 10.0, "DKK": 7.0, "PLN": 4.0, "BRL": 5.0, "MYR": 4.5,
    "MXN": 18.0, "TRY": 35.0, "THB": 35.0, "TWD": 30.0, "PHP": 55.0, "INR": 80.0, "RUB": 90.0,
    "JPY": 150.0, "HUF": 350.0, "KRW": 1300.0, "IDR": 16000.0, "VND": 25000.0,
}  # fmt: skip
#: Transactions of the population that weigh as much as one account's own history (n / (n + 3)).
SHRINK_COUNT = 3.0
#: Dollars' worth that is a large sum for anybody. Less says nothing where an account pays in a way in which it never did: rent
#: is no coffee, and many a first rent, fee or ticket comes to as much.
LARGE_FOR_ANYBODY_USD = 4000.0


class Baseline(NamedTuple):
    """What an amount is compared with: the statistics of a kind of transaction in a currency, and that currency's velocity.

    `ratio` turns a major unit of the event's currency into counted units of this one, `units` is how many of them buy what a
    dollar buys (None: not known), `counted` how many a major unit of this currency is. Nothing below `floor` counted units
    is unusual. `borrowed` says that the account has never, or hardly, moved money in the event's own way.
    """

    statistics: AmountStatistics
    velocity: Velocity | None
    ratio: float
    units: float | None
    counted: float
    floor: float
    borrowed: bool


def units_per_usd(currency: str, rates: ExchangeRates) -> float | None:
    """How many units of the currency buy about what a dollar buys; by its rate where that is not listed, None without one."""
    listed = UNITS_PER_USD.get(currency)
    if listed is not None:
        return listed
    rate = rates.usd_per_unit.get(currency)
    return None if rate is None else 1.0 / rate


def usd_worth(amount: float, currency: str, rates: ExchangeRates) -> float | None:
    """About how many dollars' worth the amount is; None where that is not known."""
    units = UNITS_PER_USD.get(currency) or units_per_usd(currency, rates)
    return None if units is None else amount / units


def baseline(
    event: Transaction, profile: Profile, rates: ExchangeRates, least_history_count: int
) -> Baseline | None:
    """What the event's amount is compared with: its own kind and currency, once `least_history_count` amounts are known.

    Before that, its kind in another currency, by worth; else another kind of outgoing money, though then nothing below
    LARGE_FOR_ANYBODY_USD is unusual. Of several the one that moves most at once. So a first currency, kind or cash-out switches
    nothing off. None when the account has no such way.
    """
    if not profile.amount_rows and profile.till_amount[0] < least_history_count:
        return None  # of its one way, or none, the account knows too little
    amounts = profile.amounts
    own = amounts.get(event.kind, event.currency)
    if own is not None and own.n >= least_history_count:
        return _baseline(event, profile, event.currency, own, 1.0, rates)
    alike, most = None, (False, 0.0)
    for (kind, currency), statistics in amounts.items():
        if statistics.n < least_history_count or (kind in INCOMING and kind != event.kind):
            continue
        ratio = rates.ratio(event.currency, currency)
        if ratio is None:
            continue
        moved = exp(statistics.mean + statistics.variance / 2.0) / (ratio * units_counted(currency))
        if (kind == event.kind, moved) > most:
            most, alike = (kind == event.kind, moved), (currency, statistics, ratio)
    if alike is None:
        return None
    floor_usd = 0.0 if most[0] else LARGE_FOR_ANYBODY_USD
    return _baseline(event, profile, *alike, rates, floor_usd)


def _baseline(
    event: Transaction,
    profile: Profile,
    currency: str,
    statistics: AmountStatistics,
    ratio: float,
    rates: ExchangeRates,
    floor_usd: float | None = None,
) -> Baseline:
    counted, bought = units_counted(currency), units_per_usd(currency, rates)
    units = None if bought is None else bought * counted
    return Baseline(
        statistics,
        profile.velocity.get(currency),
        ratio * counted,
        units,
        counted,
        (floor_usd or 0.0) * (units or 0.0),
        floor_usd is not None,
    )


def usual_log_amount(compared: Baseline, population_usd: float) -> float:
    """Mean of log(1 + amount) to expect of this account.

    Shrunk to the population with weight n / (n + 3), but never below the account's own, so that people who always move large
    sums are not compared with the population. Where nobody knows what a dollar buys there is no population mean.
    """
    n, mean, _ = compared.statistics
    trust = n / (n + SHRINK_COUNT)
    if compared.units is not None:
        mean = max(mean, trust * mean + (1.0 - trust) * log(1.0 + population_usd * compared.units))
    return mean


def usual_amount(
    compared: Baseline, population_usd: float, population_spread_log: float
) -> tuple[float, float]:
    """The amount to expect of this account on average, and the standard deviation of log(1 + amount).

    The average is the currency's over the last thirty days (fading), but no more than log-normal amounts of this kind would come
    to, and no less than the middle of this kind: so rent says nothing of coffee, and coffee nothing of rent. Shrunk to the
    population with weight n / (n + 3), and never below the account's own.
    """
    n, mean, variance = compared.statistics
    velocity, units = compared.velocity, compared.units
    trust = n / (n + SHRINK_COUNT)
    spread = population_spread_log
    usual = exp(mean + variance / 2.0) - 1.0
    if velocity is not None and velocity.count_30d > 0.0:
        usual = max(min(usual, velocity.sum_30d * compared.counted / velocity.count_30d), exp(mean) - 1.0)
    if units is not None:
        usual = max(usual, trust * usual + (1.0 - trust) * population_usd * units)
    return usual, sqrt(trust * variance + (1.0 - trust) * spread * spread)


def velocity_by_worth(event: Transaction, profile: Profile, rates: ExchangeRates) -> Velocity | None:
    """Counts and sums of all the account's currencies, sums in the event's currency; None when there are none.

    Money in a currency of which no rate is known is counted, and adds nothing to sums.
    """
    if not profile.velocity_rows and profile.till_currency == event.currency:  # there is no other currency
        till = profile.till_velocity
        return None if till is None else Velocity(*till)
    velocities = profile.velocity
    own = velocities.get(event.currency)
    if len(velocities) == (own is not None):
        return own
    return together(
        [
            (velocity, rates.ratio(currency, event.currency) or 0.0)
            for currency, velocity in velocities.items()
        ],
        event.at,
    )


def lump_amount(
    amounts: Iterable[tuple[AmountStatistics, float]],
    units: float,
    population_usd: float,
    population_spread_log: float,
) -> float:
    """The amount by which this account's sums grow in lumps: E[X^2] / E[X], in the event's currency.

    For a sum of Poisson many amounts, variance over mean is just this (compound Poisson), so a sum divided by it behaves
    like a count. `amounts` are those of each kind with what one of their counted units is in the event's currency, taken for
    log-normal; the population counts as one transaction, `units` of the event's currency buying what a dollar does.
    """
    spread = population_spread_log * population_spread_log
    first = population_usd * units * exp(spread / 2.0)
    second = first * first * exp(spread)
    for statistics, unit in amounts:
        mean = unit * exp(statistics.mean + statistics.variance / 2.0)
        first += statistics.n * mean
        second += statistics.n * mean * mean * exp(statistics.variance)
    return second / first


def amounts_by_worth(
    event: Transaction, profile: Profile, rates: ExchangeRates
) -> list[tuple[AmountStatistics, float]]:
    """The statistics of every kind and currency of a known rate, with what one of their units is in the event's currency."""
    own, found = event.currency, []
    own_unit = 1.0 / units_counted(own)
    for (_, currency), statistics in profile.amounts.items():
        if currency == own:
            found.append((statistics, own_unit))
        elif (ratio := rates.ratio(currency, own)) is not None:
            found.append((statistics, ratio / units_counted(currency)))
    return found
