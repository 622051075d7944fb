"""An amount far above what the account usually moves in this way.

Sees: outgoing money whose logarithm stands well above the account's own mean for the same kind and currency.
Misses: many usual amounts (see velocity_amount); the first three transactions of a kind or currency.
Fires falsely when: the owner pays rent, buys a car or books a holiday. Less than twice the usual never fires, and only
an amount far above stays out of the profile.
When it fires: ask for the second factor, showing amount and payee; a large one to a new payee deserves a phone call.
"""

from __future__ import annotations

from math import exp, log1p

from msgspec import Struct

from contracts.circumstances import Circumstance
from contracts.events import Transaction
from contracts.findings import Finding, Reason, Spec, Tallies
from contracts.profile import Profile
from detectors.measures.amounts import usual_log_amount

SPEC = Spec(
    name="unusual_amount",
    version=1,
    event_types=(Transaction,),
    family="money",
    reasons=(
        Reason(
            code="unusual_amount",
            en="{value} {currency} is far above this account's usual {baseline}; unusual from {threshold}.",
            zh_cn="{value} {currency} 远高于本账户平时的 {baseline}；达到 {threshold} 即属异常。",
        ),
    ),
    attack=("T1657",),
    wakes_on=Circumstance.LARGE,
)

_NOT_OUTGOING = frozenset({"refund", "top_up"})


class Params(Struct, frozen=True):
    """Robust z = (y - mean) / (deviation + floor) of y = log(1 + amount); the population's mean is dollars' worth.

    Nothing less than LARGE_LOG above the account's own mean is called unusual, whatever these say.
    """

    least_history_count: int = 3
    least_ratio: float = 2.0
    deviation_floor_log: float = 0.15
    population_usd: float = 40.0
    population_spread_log: float = 1.0
    threshold_z: float = 2.5
    hold_z: float = 4.0
    first_nats: float = 0.6
    growth_nats: float = 0.9
    most_nats: float = 6.0


PARAMS = Params()


def observe(
    event: Transaction, profile: Profile, tallies: Tallies, memory: None, params: Params
) -> Finding | None:
    """Weight: `first_nats` at the threshold and `growth_nats` for each deviation beyond, up to `most_nats`."""
    kind = event.kind
    currency = event.currency
    statistics = profile.amounts.get(kind, currency)
    if statistics is None or statistics.n < params.least_history_count:
        return None
    y = log1p(event.value)
    # The shrunk mean is never below the account's own, so an amount under it needs no arithmetic.
    if y <= statistics.mean or kind in _NOT_OUTGOING or event.status == "failed":
        return None
    mean, deviation = usual_log_amount(
        statistics, currency, params.population_usd, params.population_spread_log
    )
    deviation += params.deviation_floor_log
    z = (y - mean) / deviation
    threshold_z = params.threshold_z
    if z < threshold_z:
        return None
    usual = exp(mean) - 1.0
    if event.value < params.least_ratio * usual:
        return None
    weight = params.first_nats + params.growth_nats * (z - threshold_z)
    unusual_from = max(exp(mean + threshold_z * deviation) - 1.0, params.least_ratio * usual)
    return Finding(
        detector="unusual_amount",
        reason="unusual_amount",
        family="money",
        weight=min(weight, params.most_nats),
        value=round(event.value, 2),
        baseline=round(usual, 2),
        threshold=round(unusual_from, 2),
        hold=z >= params.hold_z,
        facts={"currency": currency, "z": round(z, 2)},
    )
