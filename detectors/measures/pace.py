"""How surprising a count is against the rate an account usually has."""

from __future__ import annotations

from math import exp, log


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
