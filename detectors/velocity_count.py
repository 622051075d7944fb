"""More transactions in an hour, a day or a week than the account's own pace.

Sees: a count over all currencies, decayed over 1 h, 1 d or 7 d and with this transaction in it, far above the pace of the
last thirty days.
Misses: few large amounts (see unusual_amount), and a pace that rises slowly over weeks.
Fires falsely when: the owner shops on a sale day, or an app splits one purchase into parts. Each window allows a burst
on top of the pace, and has a floor below which no account, however young, is called fast.
When it fires: slow further payments down and tell the owner; many small ones to shops look like card testing.
"""

from __future__ import annotations

from math import exp

from msgspec import Struct

from contracts.circumstances import PACE_PRIOR_COUNT, PACE_PRIOR_S, Circumstance
from contracts.events import Transaction
from contracts.exchange import NO_RATES
from contracts.findings import Finding, Spec, Tallies, says
from contracts.profile import DAY_S, HOUR_S, Profile, Velocity
from detectors.measures.amounts import velocity_by_worth
from detectors.measures.pace import exposure_s, older_rate, poisson_nats
from detectors.measures.steps import device_unknown

SPEC = Spec(
    name="velocity_count",
    event_types=(Transaction,),
    family="velocity",
    reasons=says(
        en="About {value} transactions within {hours} h; this account's pace is {baseline}; limit {threshold}.",
        zh_cn="{hours} 小时内约 {value} 笔交易；本账户平时约 {baseline} 笔，上限 {threshold} 笔。",
    ),
    attack=("T1657",),
    wakes_on=Circumstance.BUSY,
)

_MONTH_S = 30.0 * DAY_S


class Params(Struct, frozen=True):
    """Floors and allowed bursts by window; `nats_ratio` tempers the Poisson ratio, for people pay in bursts.

    No burst below BUSY_1H_COUNT, BUSY_1D_COUNT and BUSY_7D_COUNT has an effect.
    """

    floor_1h_count: float = 6.0
    floor_1d_count: float = 10.0
    floor_7d_count: float = 25.0
    burst_1h_count: float = 2.0
    burst_1d_count: float = 3.0
    burst_7d_count: float = 6.0
    least_nats: float = 3.0
    nats_ratio: float = 0.5
    most_nats: float = 5.0


PARAMS = Params()


def observe(
    event: Transaction, profile: Profile, tallies: Tallies, memory: None, params: Params
) -> Finding | None:
    """Weight: the tempered Poisson log-likelihood ratio of the most surprising window, in nats."""
    velocity = velocity_by_worth(event, profile, NO_RATES)
    if velocity is None:
        return None
    # Stored counters only shrink on the way to the event, so what is low enough now stays low.
    if (
        velocity.count_1h + 1.0 < params.floor_1h_count
        and velocity.count_1d + 1.0 < params.floor_1d_count
        and velocity.count_7d + 1.0 < params.floor_7d_count
    ):
        return None
    if event.status == "failed" or (event.kind == "refund" and not device_unknown(event, profile)):
        return None
    return _judge(velocity, event.at, max(event.at - profile.first_at, 0.0), params)


def _judge(velocity: Velocity, at: float, age_s: float, params: Params) -> Finding | None:
    since = max(at - velocity.at, 0.0)
    month = velocity.count_30d * exp(-since / _MONTH_S)
    month_exposure_s = exposure_s(age_s, _MONTH_S)
    worst_nats = params.least_nats
    worst: tuple[float, float, float, float] | None = None
    recent = 0.0
    for stored, tau, floor, burst, share in (
        (velocity.count_1h, HOUR_S, params.floor_1h_count, params.burst_1h_count, 0.0),
        (velocity.count_1d, DAY_S, params.floor_1d_count, params.burst_1d_count, 1 / 24),
        (velocity.count_7d, 7.0 * DAY_S, params.floor_7d_count, params.burst_7d_count, 1 / 7),
    ):
        before = stored * exp(-since / tau)
        count = before + 1.0
        # A burst that is over says nothing of the payments after it: the shorter window must hold its share.
        over, recent = recent < share * count, count
        if count < floor or over:
            continue
        rate = older_rate(
            month, before, month_exposure_s, exposure_s(age_s, tau), PACE_PRIOR_COUNT, PACE_PRIOR_S
        )
        expected = rate * tau
        nats = poisson_nats(count, expected + burst)
        if nats >= worst_nats:
            worst_nats, worst = nats, (count, expected, floor, tau)
    if worst is None:
        return None
    count, expected, floor, tau = worst
    return SPEC.finding(
        weight=min(worst_nats * params.nats_ratio, params.most_nats),
        value=round(count),
        baseline=round(expected, 1),
        threshold=round(floor),
        facts={"hours": round(tau / HOUR_S)},
    )
