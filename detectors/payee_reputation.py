"""Money to a payee at which frauds were confirmed.

Sees: two or more payments to the payee labelled as fraud, against all payments to it whose labels are out, over 1, 7 and 30
days; labels that came early count at once. At a payee not yet two weeks old the first fraud counts too.
Misses: payees whose victims have not complained yet; one fraud at an old payee, which says more of the payer than of it;
everything while the counts are away.
Fires falsely when: a large shop was used by thieves for a while; its many good payments weigh against them, and a week
without frauds takes the weight back.
When it fires: ask for the second factor with the payee's name in it; ask the payee, and stop payouts to it when it is young.
Evidence is log(risk / base) with risk = (frauds + prior * base) / (payments + prior).
"""

from __future__ import annotations

from math import log

from msgspec import Struct

from contracts.circumstances import Circumstance
from contracts.events import Transaction
from contracts.findings import PAYEE, Finding, Reason, Spec, Tallies
from contracts.payees import AGE_H, COUNTS, FRAUDS, FRAUDS_NEW, WINDOWS_DAYS
from contracts.profile import Profile
from detectors.measures.steps import device_unknown

SPEC = Spec(
    name="payee_reputation",
    event_types=(Transaction,),
    family="payee",
    reasons=(
        Reason(
            code="fraud_at_payee",
            en="{value} of {count} payments to this payee in {days} days were fraud; usual are {baseline} %.",
            zh_cn="该收款人 {days} 天内的 {count} 笔收款中有 {value} 笔被确认为欺诈；通常占比为 {baseline}%。",
        ),
    ),
    attack=("T1657",),
    tally=PAYEE,
    wakes_on=Circumstance.FRAUD_AT_PAYEE,
)

_DAY, _WEEK, _MONTH = range(len(WINDOWS_DAYS))


class Params(Struct, frozen=True):
    """`base_share` of all payments are fraud; the priors are how many payments that counts for in each window.

    The week leads, yesterday corrects it by `day_ratio`, and a bad month alone weighs `month_ratio` of its evidence. The first
    `excused_count` frauds at a payee older than `young_h` are taken for the payer's misfortune.
    """

    base_share: float = 0.005
    prior_1d_count: float = 2.0
    prior_7d_count: float = 6.0
    prior_30d_count: float = 20.0
    day_ratio: float = 0.3
    month_ratio: float = 0.25
    excused_count: int = 1
    young_h: float = 336.0
    least_nats: float = 0.7
    most_nats: float = 6.0


PARAMS = Params()


def observe(
    event: Transaction, profile: Profile, tallies: Tallies, memory: None, params: Params
) -> Finding | None:
    """Weight: the log ratio of the payee's shrunk risk to the base rate, in nats."""
    new = tallies.get(FRAUDS_NEW, 0)
    month_frauds = tallies.get(FRAUDS[_MONTH], 0)
    if not new and not month_frauds:
        return None
    excused = params.excused_count if tallies.get(AGE_H, 0) > params.young_h else 0
    if new + month_frauds <= excused or event.status == "failed":
        return None
    if event.kind == "refund" and not device_unknown(event, profile):
        return None
    day, week, month = (
        _nats(tallies, window, excused, prior, params.base_share)
        for window, prior in (
            (_DAY, params.prior_1d_count),
            (_WEEK, params.prior_7d_count),
            (_MONTH, params.prior_30d_count),
        )
    )
    recent, lasting = week + params.day_ratio * day, params.month_ratio * month
    window = _WEEK if recent >= lasting else _MONTH
    weight = min(max(recent, lasting), params.most_nats)
    if weight < params.least_nats:
        return None
    frauds, count = _known(tallies, window)
    return SPEC.finding(
        weight=weight,
        value=frauds,
        baseline=round(100.0 * params.base_share, 2),
        threshold=excused + 1,
        facts={"count": count, "days": WINDOWS_DAYS[window]},
    )


def _known(tallies: Tallies, window: int) -> tuple[int, int]:
    """Frauds and payments with a known end: those of the window, and what was labelled since."""
    new = tallies.get(FRAUDS_NEW, 0)
    frauds = tallies.get(FRAUDS[window], 0) + new
    return frauds, max(tallies.get(COUNTS[window], 0) + new, frauds)


def _nats(tallies: Tallies, window: int, excused: int, prior: float, base: float) -> float:
    frauds, count = _known(tallies, window)
    return log((max(frauds - excused, 0) + prior * base) / (count + prior) / base)
