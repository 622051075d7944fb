"""What amounts are usual for an account, on the scale of log(1 + amount)."""

from __future__ import annotations

from collections.abc import Iterable
from math import exp, log, sqrt

from contracts.profile import AmountStatistics, Velocity

#: How many units of a currency buy about what a dollar buys. Orders of magnitude for the population's prior, not rates.
UNITS_PER_USD = {
    "USD": 1.0, "EUR": 1.0, "GBP": 1.0, "CHF": 1.0, "CAD": 1.0, "AUD": 1.5, "NZD": 1.5, "SGD": 1.5,
    "CNY": 7.0, "HKD": 8.0, "SEK": 10.0, "NOK": 10.0, "DKK": 7.0, "PLN": 4.0, "BRL": 5.0, "MYR": 4.5,
    "MXN": 18.0, "TRY": 35.0, "THB": 35.0, "TWD": 30.0, "PHP": 55.0, "INR": 80.0, "RUB": 90.0,
    "JPY": 150.0, "HUF": 350.0, "KRW": 1300.0, "IDR": 16000.0, "VND": 25000.0,
}  # fmt: skip
#: Transactions of the population that weigh as much as one account's own history (n / (n + 3)).
SHRINK_COUNT = 3.0


def usual_log_amount(
    statistics: AmountStatistics, currency: str, population_usd: float, population_spread_log: float
) -> tuple[float, float]:
    """Mean and standard deviation of log(1 + amount) to expect of this account.

    Both are shrunk to the population with weight n / (n + 3). The mean is never below the account's own, so that people
    who always move large sums are not compared with the population. An unlisted currency has no population mean.
    """
    n = statistics.n
    trust = n / (n + SHRINK_COUNT)
    mean = statistics.mean
    units = UNITS_PER_USD.get(currency)
    if units is not None:
        shrunk = trust * mean + (1.0 - trust) * log(1.0 + population_usd * units)
        if shrunk > mean:
            mean = shrunk
    spread = population_spread_log
    return mean, sqrt(trust * statistics.variance + (1.0 - trust) * spread * spread)


def usual_amount(
    statistics: AmountStatistics,
    velocity: Velocity | None,
    currency: str,
    population_usd: float,
    population_spread_log: float,
) -> tuple[float, float]:
    """The amount to expect of this account on average, and the standard deviation of log(1 + amount).

    The average is the currency's over the last thirty days (fading), but no more than log-normal amounts of this kind would come
    to, and no less than the middle of this kind: so rent says nothing of coffee, and coffee nothing of rent. Shrunk to the
    population with weight n / (n + 3), and never below the account's own.
    """
    n, mean, variance = statistics
    trust = n / (n + SHRINK_COUNT)
    spread = population_spread_log
    usual = exp(mean + variance / 2.0) - 1.0
    if velocity is not None and velocity.count_30d > 0.0:
        usual = max(min(usual, velocity.sum_30d / velocity.count_30d), exp(mean) - 1.0)
    units = UNITS_PER_USD.get(currency)
    if units is not None:
        usual = max(usual, trust * usual + (1.0 - trust) * population_usd * units)
    return usual, sqrt(trust * variance + (1.0 - trust) * spread * spread)


def lump_amount(
    amounts: Iterable[AmountStatistics],
    currency: str,
    population_usd: float,
    population_spread_log: float,
) -> float:
    """The amount by which this account's sums grow in lumps: E[X^2] / E[X], in the currency's major units.

    For a sum of Poisson many amounts, variance over mean is just this (compound Poisson), so a sum divided by it behaves
    like a count. `amounts` are those of each kind in the currency, taken for log-normal; the population counts as one
    transaction.
    """
    units = UNITS_PER_USD.get(currency, 1.0)
    spread = population_spread_log * population_spread_log
    first = population_usd * units * exp(spread / 2.0)
    second = first * first * exp(spread)
    for statistics in amounts:
        mean = exp(statistics.mean + statistics.variance / 2.0)
        first += statistics.n * mean
        second += statistics.n * mean * mean * exp(statistics.variance)
    return second / first
