"""An amount far above what the account usually moves in this way.

Sees: outgoing money well above what the account moves on average in this kind and currency; the more so where it is a large
sum for anybody.
Misses: many usual amounts (see velocity_amount); the first three transactions of a kind or currency.
Fires falsely when: the owner pays rent, buys a car or books a holiday. Less than twice the usual never fires, and only
an amount far above stays out of the profile.
When it fires: ask for the second factor, showing amount and payee; a large one to a new payee deserves a phone call.
"""

from __future__ import annotations

from math import exp, log, log1p

from msgspec import Struct

from contracts.circumstances import Circumstance
from contracts.events import Transaction
from contracts.findings import Finding, Reason, Spec, Tallies
from contracts.profile import Profile
from detectors.measures.amounts import UNITS_PER_USD, usual_amount

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
    """z = log of the amount over the usual one / (`deviation_floor_log` + `deviation_share` of the account's own deviation).

    The account's own deviation counts in part only: of the last few dozen amounts it says little, and small amounts widen it as
    large ones do. An unusual amount weighs more above `large_usd` dollars' worth, which few people move, and less below it:
    thieves take what they can. Nothing less than LARGE_LOG above the account's own mean is called unusual, whatever these say.
    """

    least_history_count: int = 3
    least_ratio: float = 2.0
    deviation_floor_log: float = 0.5
    deviation_share: float = 0.25
    population_usd: float = 40.0
    population_spread_log: float = 1.0
    threshold_z: float = 1.1
    hold_z: float = 2.5
    first_nats: float = 1.0
    growth_nats: float = 2.6
    large_usd: float = 100.0
    large_nats: float = 1.0
    most_large_nats: float = 2.0
    least_large_nats: float = -0.9
    most_nats: float = 6.0


PARAMS = Params()


def observe(
    event: Transaction, profile: Profile, tallies: Tallies, memory: None, params: Params
) -> Finding | None:
    """Weight: `first_nats` at the threshold, `growth_nats` for each z beyond, `large_nats` for each e-fold above `large_usd`."""
    kind = event.kind
    currency = event.currency
    statistics = profile.amounts.get(kind, currency)
    if statistics is None or statistics.n < params.least_history_count:
        return None
    # The usual amount is never below the middle of the account's own, so most amounts need no arithmetic.
    above = log1p(event.value) - statistics.mean
    threshold_z = params.threshold_z
    if above < threshold_z * params.deviation_floor_log or kind in _NOT_OUTGOING or event.status == "failed":
        return None
    usual, deviation = usual_amount(
        statistics,
        profile.velocity.get(currency),
        currency,
        params.population_usd,
        params.population_spread_log,
    )
    scale = params.deviation_floor_log + params.deviation_share * deviation
    z = (log1p(event.value) - log1p(usual)) / scale
    if z < threshold_z or event.value < params.least_ratio * usual:
        return None
    weight = params.first_nats + params.growth_nats * (z - threshold_z) + _large(event, params)
    unusual_from = max((1.0 + usual) * exp(threshold_z * scale) - 1.0, params.least_ratio * usual)
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


def _large(event: Transaction, params: Params) -> float:
    """What the amount weighs more or less for its worth to anybody; 0 in a currency whose worth is not listed."""
    units = UNITS_PER_USD.get(event.currency)
    if units is None:
        return 0.0
    nats = params.large_nats * log(event.value / (params.large_usd * units))
    return min(max(nats, params.least_large_nats), params.most_large_nats)
