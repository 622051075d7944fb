"""How surprising a count is against the rate an account usually has."""

from __future__ import annotations

from collections.abc import Collection
from math import exp, log

from msgspec import Struct

from contracts.events import Activity, Login
from contracts.findings import Finding, Spec
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


class BusyParams(Struct, frozen=True):
    """From which count in an hour and in a day it says anything, and how many an honest owner has in each."""

    least_1h_count: int
    least_1d_count: int
    honest_1h_count: float
    honest_1d_count: float
    most_nats: float


def busier_than_honest(
    spec: Spec, event: Activity, times: Collection[float], params: BusyParams
) -> Finding | None:
    """The detector's finding about too many of `times` in the hour or the day before the event, the more surprising of both.

    Weight: the Poisson log-likelihood ratio of their number, in nats. A failed login is asked about nothing.
    """
    if len(times) < params.least_1h_count or (isinstance(event, Login) and event.outcome != "success"):
        return None
    worst = None
    for window_s, least, honest in (
        (HOUR_S, params.least_1h_count, params.honest_1h_count),
        (DAY_S, params.least_1d_count, params.honest_1d_count),
    ):
        count = sum([event.at - window_s < when <= event.at for when in times])
        nats = poisson_nats(count, honest) if count >= least else 0.0
        if nats > (worst[0] if worst else 0.0):
            worst = nats, count, least, round(window_s / HOUR_S)
    if worst is None:
        return None
    nats, count, least, hours = worst
    return spec.finding(
        weight=min(nats, params.most_nats),
        value=count,
        threshold=least,
        quarantine=True,
        facts={"hours": hours},
    )
