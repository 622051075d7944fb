"""More money in an hour, a day or a week than the account's own pace, or a large amount split into usual ones.

Sees: a sum over all currencies by their worth, decayed over 1 h, 1 d or 7 d, with this transaction and those held back in it,
far above the pace of the last thirty days; and three or more usual amounts within an hour or a day whose sum would be
unusual as one.
Misses: one large amount (see unusual_amount); splitting over weeks.
Fires falsely when: pay day, rent and shopping fall together. Sums are counted in lumps as large as the account's own
amounts vary, and the count must be above its pace too; an amount that dwarfs the others, or a coffee after a car, never
fires, nor does small money.
When it fires: hold the next transfer until the second factor confirms it; look whether the payees are new.
"""

from __future__ import annotations

from math import exp

from msgspec import Struct

from contracts.circumstances import HELD_MONEY_S, PACE_PRIOR_COUNT, PACE_PRIOR_S, Circumstance
from contracts.currencies import COUNTED_BY_ONE, rounded
from contracts.events import Transaction
from contracts.exchange import NO_RATES, ExchangeRates
from contracts.findings import Finding, Reason, Spec, Tallies
from contracts.money import TIME_CONSTANTS_S
from contracts.profile import DAY_S, HOUR_S, Profile, Velocity
from detectors.measures.amounts import (
    UNITS_PER_USD,
    amounts_by_worth,
    baseline,
    lump_amount,
    units_per_usd,
    usual_amount,
    velocity_by_worth,
)
from detectors.measures.pace import exposure_s, older_rate, poisson_nats
from detectors.measures.steps import INCOMING, device_unknown

SPEC = Spec(
    name="velocity_amount",
    event_types=(Transaction,),
    family="velocity",
    reasons=(
        Reason(
            code="velocity_amount",
            en="About {value} {currency} within {hours} h in {count} transactions; this account's pace is {baseline}.",
            zh_cn="{hours} 小时内分 {count} 笔共转出约 {value} {currency}；本账户平时约 {baseline}。",
        ),
        Reason(
            code="amount_split",
            en="{count} usual amounts make {value} {currency} within {hours} h; one alone is unusual from {threshold}.",
            zh_cn="{hours} 小时内 {count} 笔看似正常的交易合计 {value} {currency}；单笔达到 {threshold} 即属异常。",
        ),
    ),
    attack=("T1657",),
    wakes_on=Circumstance.BUSY | Circumstance.HELD_MONEY,
)

_MONTH_S = 30.0 * DAY_S


class Params(Struct, frozen=True):
    """Floors and allowed bursts by window; a burst is in lumps of the account's amounts.

    What one amount alone is unusual from is what unusual_amount says: `split_z` and `split_ratio` are its thresholds.

    No burst below BUSY_1H_COUNT, BUSY_1D_COUNT and BUSY_7D_COUNT has an effect.
    """

    least_transactions_count: int = 3
    least_sum_usd: float = 100.0
    least_alike_ratio: float = 0.5
    floor_1h_count: float = 3.0
    floor_1d_count: float = 4.0
    floor_7d_count: float = 10.0
    burst_1h_count: float = 1.5
    burst_1d_count: float = 3.0
    burst_7d_count: float = 6.0
    least_nats: float = 3.0
    nats_ratio: float = 0.5
    split_nats: float = 0.5
    split_z: float = 1.1
    split_ratio: float = 2.0
    deviation_floor_log: float = 0.5
    deviation_share: float = 0.25
    population_usd: float = 40.0
    population_spread_log: float = 1.0
    most_nats: float = 5.0
    rates: ExchangeRates = NO_RATES


PARAMS = Params()


def observe(
    event: Transaction, profile: Profile, tallies: Tallies, memory: None, params: Params
) -> Finding | None:
    """Weight: the tempered Poisson log-likelihood ratio of the most surprising window, in nats, more when split."""
    velocity = velocity_by_worth(event, profile, params.rates)
    if velocity is None:
        return None
    if profile.quarantined:
        velocity = _with_held(velocity, event, profile, params.rates)
    # Stored counters only shrink on the way to the event, so what is low enough now stays low.
    if (
        velocity.count_1h + 1.0 < params.floor_1h_count
        and velocity.count_1d + 1.0 < params.floor_1d_count
        and velocity.count_7d + 1.0 < params.floor_7d_count
    ):
        return None
    if velocity.sum_7d + event.value < _least_sum(event, params):
        return None
    if (
        profile.transactions < params.least_transactions_count
        or event.status == "failed"
        or (event.kind == "refund" and not device_unknown(event, profile))
    ):
        return None
    worst = _worst_window(velocity, event, profile, params)
    if worst is None:
        return None
    return _finding(event, profile, worst, params)


def _worst_window(
    velocity: Velocity, event: Transaction, profile: Profile, params: Params
) -> tuple[float, float, float, float, float] | None:
    """The most surprising window as (nats, sum, count, expected sum, time constant), or None."""
    since = max(event.at - velocity.at, 0.0)
    age_s = max(event.at - profile.first_at, 0.0)
    value = event.value
    fade = exp(-since / _MONTH_S)
    month_count = velocity.count_30d * fade
    month_sum = velocity.sum_30d * fade
    month_exposure_s = exposure_s(age_s, _MONTH_S)
    prior, prior_s = PACE_PRIOR_COUNT, PACE_PRIOR_S
    worst_nats = params.least_nats
    worst: tuple[float, float, float, float, float] | None = None
    recent = lump = 0.0
    for stored_count, stored_sum, tau, floor, burst, share in _windows(velocity, params):
        fade = exp(-since / tau)
        before = stored_count * fade
        count = before + 1.0
        # A burst that is over says nothing of the payments after it: the shorter window must hold its share.
        over, recent = recent < share * count, count
        if count < floor or over:
            continue
        exposure = exposure_s(age_s, tau)
        pace = older_rate(month_count, before, month_exposure_s, exposure, prior, prior_s) * tau
        total_before = stored_sum * fade
        if count <= pace + burst or not _alike(value, total_before, before, params):
            continue
        lump = lump or lump_amount(
            amounts_by_worth(event, profile, params.rates),
            UNITS_PER_USD.get(event.currency) or units_per_usd(event.currency, params.rates) or 1.0,
            params.population_usd,
            params.population_spread_log,
        )
        money = prior * month_sum / max(month_count, 1.0)
        expected = tau * older_rate(month_sum, total_before, month_exposure_s, exposure, money, prior_s)
        total = total_before + value
        nats = poisson_nats(total / lump, expected / lump + burst)
        if nats >= worst_nats and total >= _least_sum(event, params):
            worst_nats, worst = nats, (nats, total, count, expected, tau)
    return worst


def _with_held(velocity: Velocity, event: Transaction, profile: Profile, rates: ExchangeRates) -> Velocity:
    """The velocity as of the event with money of the last HELD_MONEY_S that is still held back: a burst is one of attempts."""
    taus = TIME_CONSTANTS_S
    at = max(event.at, velocity.at)
    fades = [exp((velocity.at - at) / tau) for tau in taus]
    counts = [count * fade for count, fade in zip(velocity[1:5], fades, strict=True)]
    sums = [total * fade for total, fade in zip(velocity[5:], fades, strict=True)]
    for each in profile.quarantined:
        facts = each.facts
        if facts.type != "transaction" or facts.currency is None or facts.kind in INCOMING:
            continue
        value = facts.value * (rates.ratio(facts.currency, event.currency) or 0.0)
        if facts.at <= event.at - HELD_MONEY_S:
            continue
        for index, tau in enumerate(taus):
            fade = exp(min(facts.at - at, 0.0) / tau)
            counts[index] += fade
            sums[index] += value * fade
    return Velocity(at, *counts, *sums)


def _alike(value: float, total_before: float, before: float, params: Params) -> bool:
    """Whether the amount neither dwarfs those before it (unusual_amount's business) nor is dwarfed by them."""
    return value <= total_before and value * before >= params.least_alike_ratio * total_before


def _least_sum(event: Transaction, params: Params) -> float:
    units = UNITS_PER_USD.get(event.currency) or units_per_usd(event.currency, params.rates)
    return params.least_sum_usd * (units or 0.0)


def _windows(v: Velocity, params: Params) -> tuple[tuple[float, float, float, float, float, float], ...]:
    """Each window as (count, sum, time constant, floor, burst, share that the window before must hold)."""
    return (
        (v.count_1h, v.sum_1h, HOUR_S, params.floor_1h_count, params.burst_1h_count, 0.0),
        (v.count_1d, v.sum_1d, DAY_S, params.floor_1d_count, params.burst_1d_count, 1 / 24),
        (v.count_7d, v.sum_7d, 7.0 * DAY_S, params.floor_7d_count, params.burst_7d_count, 1 / 7),
    )


def _finding(
    event: Transaction, profile: Profile, worst: tuple[float, float, float, float, float], params: Params
) -> Finding:
    nats, total, count, expected, tau = worst
    weight = nats * params.nats_ratio
    unusual_from = _unusual_from(event, profile, params) if tau <= DAY_S else None
    split = unusual_from is not None and event.value < unusual_from <= total
    if split:
        weight += params.split_nats
    return SPEC.finding(
        reason="amount_split" if split else "velocity_amount",
        weight=min(weight, params.most_nats),
        value=_told(total, event.currency),
        baseline=_told(expected, event.currency),
        threshold=_told(unusual_from, event.currency) if split and unusual_from is not None else None,
        facts={"currency": event.currency, "count": round(count), "hours": round(tau / HOUR_S)},
    )


def _unusual_from(event: Transaction, profile: Profile, params: Params) -> float | None:
    """The amount from which one transaction would be unusual for the account; None while that is not known."""
    compared = baseline(event, profile, params.rates, params.least_transactions_count)
    if compared is None:
        return None
    usual, deviation = usual_amount(compared, params.population_usd, params.population_spread_log)
    scale = params.deviation_floor_log + params.deviation_share * deviation
    counted = max((1.0 + usual) * exp(params.split_z * scale) - 1.0, params.split_ratio * usual)
    return max(counted, compared.floor) / compared.ratio


def _told(amount: float, currency: str) -> float:
    return round(amount) if currency in COUNTED_BY_ONE else rounded(amount, currency)
