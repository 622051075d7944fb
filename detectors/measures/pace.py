"""How surprising a count is against the rate an account usually has."""

from __future__ import annotations

from collections.abc import Collection
from math import exp, log

from contracts.profile import DAY_S, HOUR_S


def poisson_nats(count: float, expected: float) -> float:
    """Log-likelihood ratio, in nats, of a Poisson rate of `count` against one of `expected`; 0 when not above it.

    k * log(k / m) - (k - m), half the Poisson deviance. `expected` must be above 0.
    """
    if count <= expected:
        return 0.0
    return count * log(count / expected) - (count - expected)


def exposure_s(age_s: float, time_constant_s: float) -> float:
    """Seconds that a decayed counter of an account this old stands for: tau * (1 - exp(-age / tau))."""
    return time_constant_s * (1.0 - exp(-age_s / time_constant_s))


def older_rate(
    long: float, short: float, long_exposure_s: float, short_exposure_s: float, prior: float, prior_s: float
) -> float:
    """Amount a second before the burst: what the long counter holds beyond the short one, over its exposure.

    `prior` in `prior_s` seconds is what is believed of an account with no past.
    """
    older = long - short
    exposure = long_exposure_s - short_exposure_s
    return ((older if older > 0.0 else 0.0) + prior) / ((exposure if exposure > 0.0 else 0.0) + prior_s)


def busier_window(
    at: float, times: Collection[float], least: tuple[int, int], honest: tuple[float, float]
) -> tuple[float, int, int] | None:
    """The more surprising of the hour and the day before `at`: nats, count and hours of the window.

    `least` and `honest`, for the hour and for the day, are the count from which it says anything and the count that is
    expected. None when neither says anything.
    """
    worst = None
    for window_s, fewest, expected in zip((HOUR_S, DAY_S), least, honest, strict=True):
        count = sum([at - window_s < when <= at for when in times])
        nats = poisson_nats(count, expected) if count >= fewest else 0.0
        if nats > (worst[0] if worst else 0.0):
            worst = nats, count, round(window_s / HOUR_S)
    return worst
