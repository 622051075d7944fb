"""More large money while earlier money is held back and nobody has answered for it.

Sees: an amount well above what the account moves on average, when money of the last seven days is still held back, in
whatever currency. Owners answer a challenge within days; who took an account over cannot, and tries again.
Misses: thieves who stop at one amount, or who wait a week; usual amounts (see velocity_amount). Money that waits for its owner's
word, as the account has no factor, is not counted: a letter is read when it is read.
Fires falsely when: the owner makes several large payments, none of which could be answered for: a move, a wedding. One
passed challenge takes its payment out of the count.
When it fires: reach the owner by another way before anything is released; look at the held payments together.
"""

from __future__ import annotations

from msgspec import Struct

from contracts.circumstances import Circumstance
from contracts.currencies import rounded
from contracts.events import Transaction
from contracts.exchange import NO_RATES, ExchangeRates
from contracts.findings import Finding, Spec, Tallies, says
from contracts.profile import HOUR_S, Facts, Profile
from detectors.measures.amounts import baseline, usual_amount
from detectors.measures.steps import money_may_leave

SPEC = Spec(
    name="held_again",
    event_types=(Transaction,),
    family="velocity",
    reasons=says(
        en="Large again while {value} payments of the last {days} days are held back and nobody answered for them.",
        zh_cn="金额再次偏大，而最近 {days} 天已有 {value} 笔款项被暂缓且无人确认。",
    ),
    attack=("T1657",),
    wakes_on=Circumstance.HELD,
)


class Params(Struct, frozen=True):
    """`each_nats` for each payment held within `within_h`, if the amount is at least `least_ratio` of the usual one."""

    within_h: float = 168.0
    least_history_count: int = 3
    least_ratio: float = 1.8
    each_nats: float = 0.8
    most_nats: float = 3.0
    population_usd: float = 40.0
    population_spread_log: float = 1.0
    rates: ExchangeRates = NO_RATES


PARAMS = Params()


def observe(
    event: Transaction, profile: Profile, tallies: Tallies, memory: None, params: Params
) -> Finding | None:
    """Weight: `each_nats` for each payment that is still held, in nats."""
    if not profile.quarantined or not money_may_leave(event, profile):
        return None
    since = event.at - params.within_h * HOUR_S
    held = sum(
        each.facts.type == "transaction"
        and not _is_put_in(each.facts)
        and not each.asks_owner
        and since < each.facts.at <= event.at
        for each in profile.quarantined
    )
    if not held:
        return None
    compared = baseline(event, profile, params.rates, params.least_history_count)
    if compared is None:
        return None
    usual, _ = usual_amount(compared, params.population_usd, params.population_spread_log)
    large_from = max(params.least_ratio * usual, compared.floor) / compared.ratio
    if event.value < large_from:
        return None
    return SPEC.finding(
        weight=min(params.each_nats * held, params.most_nats),
        value=held,
        baseline=0,
        threshold=1,
        facts={"days": round(params.within_h / 24.0), "large_from": rounded(large_from, event.currency)},
    )


def _is_put_in(facts: Facts) -> bool:
    """Whether it is money put into the account: it names nobody whom it could go to."""
    return facts.kind == "top_up" and facts.payee is None
