"""Many accounts that pay a young payee, this one for the first time.

Sees: ten or more accounts that paid a payee within two days, when it was first paid less than two weeks ago.
Misses: payees that were left to age; a mule with few victims; more than 64 accounts look like 64.
Fires falsely when: a shop opens, or a collection is taken up; a payment weighs half of a transfer, one to a payee that the
account knows nothing, and evidence halves with each week of the payee's age.
When it fires: ask for the second factor with the payee's name in it; look who the payee is before it is paid out.
"""

from __future__ import annotations

from math import log

from msgspec import Struct

from contracts.circumstances import MANY_PAYERS, YOUNG_PAYEE_H, Circumstance
from contracts.events import Transaction
from contracts.findings import PAYEE, Finding, Spec, Tallies, says
from contracts.payees import ACCOUNTS_2D, AGE_H
from contracts.profile import Profile

SPEC = Spec(
    name="payee_fan_in",
    event_types=(Transaction,),
    family="payee",
    reasons=says(
        en="{value} accounts paid this payee within two days; it was first paid {days} days ago. Limit {threshold}.",
        zh_cn="两天内有 {value} 个账户向该收款人付款，而其首次收款仅在 {days} 天前；上限为 {threshold} 个。",
    ),
    attack=("T1657",),
    tally=PAYEE,
    wakes_on=Circumstance.CROWD_AT_PAYEE,
)

#: Money that goes to people rather than to shops.
_PERSONAL = frozenset({"transfer", "cash_out", "withdrawal"})


class Params(Struct, frozen=True):
    """The weight is `threshold_nats` on the threshold, grows by `growth_nats` for each factor e, and halves each `half_h`.

    A payment weighs `payment_ratio` of a transfer: shops are paid by many. No threshold below MANY_PAYERS and no `young_h` above
    YOUNG_PAYEE_H has an effect.
    """

    threshold_count: int = 10
    young_h: float = YOUNG_PAYEE_H
    threshold_nats: float = 1.8
    growth_nats: float = 1.0
    half_h: float = 168.0
    payment_ratio: float = 0.5
    most_nats: float = 4.0


PARAMS = Params()


def observe(
    event: Transaction, profile: Profile, tallies: Tallies, memory: None, params: Params
) -> Finding | None:
    """Reads how many accounts paid the payee today and yesterday, and when it was first paid."""
    count, age_h = tallies.get(ACCOUNTS_2D), tallies.get(AGE_H)
    if count is None or age_h is None or count < max(params.threshold_count, MANY_PAYERS):
        return None
    if age_h > min(params.young_h, YOUNG_PAYEE_H) or event.status == "failed":
        return None
    if event.kind in ("refund", "top_up") or event.payee_key in profile.payees:
        return None
    weight = params.threshold_nats + params.growth_nats * log(count / params.threshold_count)
    weight = min(weight, params.most_nats) * 0.5 ** (age_h / params.half_h)
    if event.kind not in _PERSONAL:
        weight *= params.payment_ratio
    return SPEC.finding(
        weight=weight,
        value=count,
        threshold=params.threshold_count,
        facts={"days": round(age_h / 24.0, 1)},
    )
