"""Money to a payee this account has not paid before.

Sees: a payee that is not among the 32 most recent, on an account that seldom pays new ones.
Misses: a mule the account has paid before; the first three transactions; payments that name no payee; accounts whose habit it
is to pay somebody new, two times in five or more.
Fires falsely when: the owner pays a new shop or friend. The account's own rate of new payees is the baseline, so people
who always pay somebody new are not asked; a payee forgotten after 32 others counts as new.
When it fires: show the payee's name once more before the money leaves; nothing else on its own.
"""

from __future__ import annotations

from math import log

from msgspec import Struct

from contracts.circumstances import Circumstance
from contracts.events import Transaction
from contracts.findings import Finding, Spec, Tallies, says
from contracts.profile import Profile
from detectors.measures.steps import device_unknown

SPEC = Spec(
    name="new_payee",
    version=2,
    event_types=(Transaction,),
    family="payee",
    reasons=says(
        en="A payee not paid before; {baseline} of this account's payments go to a new one.",
        zh_cn="首次向该收款人付款；本账户平时向新收款人付款的比例为 {baseline}。",
    ),
    attack=("T1657",),
    wakes_on=Circumstance.NEW_PAYEE,
)


class Params(Struct, frozen=True):
    """The account's rate of new payees is shrunk to the population's as if by `prior_strength_count` payments.

    From `habit_new_share` on, new payees are the account's habit and say nothing.
    """

    least_transactions_count: int = 3
    attacker_new_share: float = 0.9
    population_new_share: float = 0.3
    prior_strength_count: float = 4.0
    most_history_count: int = 40
    habit_new_share: float = 0.4
    most_nats: float = 2.5


PARAMS = Params()


def observe(
    event: Transaction, profile: Profile, tallies: Tallies, memory: None, params: Params
) -> Finding | None:
    """Weight: log of the attacker's share of new payees over the account's own, in nats."""
    key = event.payee_key
    paid = profile.transactions
    if key is None or paid < params.least_transactions_count:
        return None
    payees = profile.payees
    if key in payees or not payees:
        return None
    if event.status == "failed" or (event.kind == "refund" and not device_unknown(event, profile)):
        return None
    n = min(paid, params.most_history_count)
    strength = params.prior_strength_count
    own = (n * profile.new_payee_rate + strength * params.population_new_share) / (n + strength)
    if own >= params.habit_new_share:
        return None
    weight = min(log(params.attacker_new_share / own), params.most_nats)
    return SPEC.finding(
        weight=weight,
        value=1,
        baseline=f"{own:.0%}",
        facts={"known_payees": len(payees)},
    )
