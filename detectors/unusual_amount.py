"""An amount far above what the account usually moves in this way.

Sees: outgoing money well above what the account moves on average in this kind and currency, or, in a kind or currency that it
hardly knows, by worth in the way in which it moves most; the more so where it is a large sum for anybody. The first money of an
account when it is a large sum for anybody, and money of which nobody says what it is worth. Money said to come in, from a
device that the account does not know, counts as outgoing.
Misses: many usual amounts (see velocity_amount); the first three transactions of an account, unless they are large for anybody.
Fires falsely when: the owner pays rent, buys a car or books a holiday. Less than twice the usual never fires, and only
an amount far above stays out of the profile. It weighs less from the account's own device in its own city to a payee that it
has paid before, both known for a week: a thief has little of such money. Sums large for anybody weigh in full there too.
When it fires: ask for the second factor, showing amount and payee; a large one to a new payee deserves a phone call.
"""

from __future__ import annotations

from math import exp, log, log1p

from msgspec import Struct

from contracts.circumstances import Circumstance
from contracts.currencies import rounded
from contracts.events import Transaction
from contracts.exchange import NO_RATES, ExchangeRates
from contracts.findings import Finding, Reason, Spec, Tallies, Value
from contracts.profile import HOUR_S, Key, Profile, Sightings
from detectors.measures.amounts import (
    LARGE_FOR_ANYBODY_USD,
    UNITS_PER_USD,
    baseline,
    usd_worth,
    usual_amount,
)
from detectors.measures.places import in_own_city
from detectors.measures.steps import money_may_leave

SPEC = Spec(
    name="unusual_amount",
    event_types=(Transaction,),
    family="money",
    reasons=(
        Reason(
            code="unusual_amount",
            en="{value} {currency} is far above this account's usual {baseline}; unusual from {threshold}.",
            zh_cn="{value} {currency} 远高于本账户平时的 {baseline}；达到 {threshold} 即属异常。",
        ),
        Reason(
            code="unusual_amount_in_a_new_way",
            en="{value} {currency}, in a way or currency this account hardly uses, is far above the {baseline} it usually moves "
            "elsewhere; unusual from {threshold}.",
            zh_cn="以本账户很少使用的方式或币种转出 {value} {currency}，"
            "远高于其平时折合的 {baseline}；达到 {threshold} 即属异常。",
        ),
        Reason(
            code="large_first_amount",
            en="{value} {currency} is a large sum for an account that has moved money {baseline} times; large from {threshold}.",
            zh_cn="本账户此前仅有 {baseline} 笔交易，{value} {currency} 属于大额；达到 {threshold} 即属大额。",
        ),
        Reason(
            code="amount_of_unknown_worth",
            en="{value} {currency}: this account hardly ever moved this currency, and what it is worth is not known.",
            zh_cn="{value} {currency}：本账户几乎未使用过该币种，且其价值未知。",
        ),
    ),
    attack=("T1657",),
    wakes_on=Circumstance.LARGE,
)


class Params(Struct, frozen=True):
    """z = log of the amount over the usual one / (`deviation_floor_log` + `deviation_share` of the account's own deviation).

    The account's own deviation counts in part only: of the last few dozen amounts it says little, and small amounts widen it as
    large ones do. An unusual amount weighs more above `large_usd` dollars' worth, which few people move, and less below it:
    thieves take what they can. Compared with another way of moving money, a sum weighs at most `large_first_nats` at its
    floor, and at most `most_nats` from twice the floor on. An account's first money weighs `large_first_nats` at
    `large_first_usd` dollars' worth, and `large_first_growth_nats` more for each e-fold; money of unknown worth weighs what
    asks for a code. What goes the account's own way weighs `own_way_nats` less: a device and a payee, each known for
    `own_way_h` and used `own_way_count` times, within `own_city_km` of a place of the account. Nothing less than LARGE_LOG above
    the account's own mean is called unusual, whatever these say.
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
    large_first_usd: float = LARGE_FOR_ANYBODY_USD
    large_first_nats: float = 3.0
    large_first_growth_nats: float = 1.5
    unknown_worth_nats: float = 3.6
    own_way_nats: float = 2.0
    own_way_h: float = 168.0
    own_way_count: int = 2
    own_city_km: float = 50.0
    rates: ExchangeRates = NO_RATES


PARAMS = Params()


def observe(
    event: Transaction, profile: Profile, tallies: Tallies, memory: None, params: Params
) -> Finding | None:
    """Weight: `first_nats` at the threshold, `growth_nats` for each z beyond, `large_nats` for each e-fold above `large_usd`.

    For an account without anything to compare with see `_first_of_all`, for an unknown worth `_of_unknown_worth`.
    """
    if not profile.amount_rows and profile.till_amount[0] < params.least_history_count:
        units = UNITS_PER_USD.get(event.currency)
        if units is not None and event.value / units < params.large_first_usd:
            return None  # a young account's small sum: there is nothing to compare it with
    if not money_may_leave(event, profile):
        return None
    compared = baseline(event, profile, params.rates, params.least_history_count)
    if compared is None:
        return _first_of_all(event, profile, params)
    amount = event.value * compared.ratio
    # The usual amount is never below the middle of the account's own, so most amounts need no arithmetic.
    threshold_z = params.threshold_z
    above = log1p(amount) - compared.statistics.mean
    if above < threshold_z * params.deviation_floor_log or amount < compared.floor:
        return None
    usual, deviation = usual_amount(compared, params.population_usd, params.population_spread_log)
    scale = params.deviation_floor_log + params.deviation_share * deviation
    z = (log1p(amount) - log1p(usual)) / scale
    if z < threshold_z or amount < params.least_ratio * usual:
        return None
    weight = params.first_nats + params.growth_nats * (z - threshold_z) + _large(event, params)
    own_way_nats = params.own_way_nats if _goes_its_own_way(event, profile, params) else 0.0
    weight -= own_way_nats
    if weight <= 0.0:
        return None
    most_nats = _most_in_a_new_way(amount / compared.floor, params) if compared.floor else params.most_nats
    unusual_from = max(
        (1.0 + usual) * exp(threshold_z * scale) - 1.0, params.least_ratio * usual, compared.floor
    )
    currency = event.currency
    return SPEC.finding(
        reason="unusual_amount_in_a_new_way" if compared.borrowed else "unusual_amount",
        weight=min(weight, most_nats),
        value=rounded(event.value, currency),
        baseline=rounded(usual / compared.ratio, currency),
        threshold=rounded(unusual_from / compared.ratio, currency),
        quarantine=z >= params.hold_z,
        facts=_facts(currency, z, own_way_nats),
    )


def _facts(currency: str, z: float, own_way_nats: float) -> dict[str, Value]:
    facts: dict[str, Value] = {"currency": currency, "z": round(z, 2)}
    if own_way_nats:
        facts["own_way_nats"] = own_way_nats
    return facts


def _goes_its_own_way(event: Transaction, profile: Profile, params: Params) -> bool:
    """Whether device, payee and city have long been the account's, and the sum is not large for anybody."""
    worth = usd_worth(event.value, event.currency, params.rates)
    if worth is None or worth >= params.large_first_usd:
        return False
    since = event.at - params.own_way_h * HOUR_S
    things = ((profile.devices, event.device_key), (profile.payees, event.payee_key))
    return all(_is_old(seen, key, since, params.own_way_count) for seen, key in things) and in_own_city(
        event, profile.fixes, params.own_city_km
    )


def _is_old(seen: Sightings, key: Key | None, since: float, least_count: int) -> bool:
    known = None if key is None else seen.get(key)
    return known is not None and known.first_at <= since and known.count >= least_count


def _most_in_a_new_way(times_floor: float, params: Params) -> float:
    """`large_first_nats` at the floor, where an honest first rent lies, up to `most_nats` at twice the floor."""
    share = min(times_floor - 1.0, 1.0)
    return params.large_first_nats + share * (params.most_nats - params.large_first_nats)


def _first_of_all(event: Transaction, profile: Profile, params: Params) -> Finding | None:
    """An account's first money, when it is a large sum for anybody: `large_first_nats` at `large_first_usd` dollars' worth."""
    worth = usd_worth(event.value, event.currency, params.rates)
    if worth is None:
        return _of_unknown_worth(event, profile, params)
    if worth < params.large_first_usd:
        return None
    weight = params.large_first_nats + params.large_first_growth_nats * log(worth / params.large_first_usd)
    return SPEC.finding(
        reason="large_first_amount",
        weight=min(weight, params.most_nats),
        value=rounded(event.value, event.currency),
        baseline=profile.transactions,
        threshold=rounded(params.large_first_usd * event.value / worth, event.currency),
        quarantine=True,
        facts={"currency": event.currency},
    )


def _of_unknown_worth(event: Transaction, profile: Profile, params: Params) -> Finding | None:
    """Money whose worth nobody told, from an account that moved other money before: nothing says that it is little."""
    if profile.transactions < params.least_history_count:
        return None
    return SPEC.finding(
        reason="amount_of_unknown_worth",
        weight=params.unknown_worth_nats,
        value=rounded(event.value, event.currency),
        baseline=profile.transactions,
        quarantine=True,
        facts={"currency": event.currency},
    )


def _large(event: Transaction, params: Params) -> float:
    """What the amount weighs more or less for its worth to anybody; 0 in a currency whose worth is not known."""
    worth = usd_worth(event.value, event.currency, params.rates)
    if worth is None or worth <= 0.0:
        return 0.0
    nats = params.large_nats * log(worth / params.large_usd)
    return min(max(nats, params.least_large_nats), params.most_large_nats)
