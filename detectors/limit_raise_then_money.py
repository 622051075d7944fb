"""The limit is raised, and within a day an amount leaves that is far more than usual.

Sees: outgoing money of at least three times the account's usual amount of this kind, within a day of a raised limit;
a raise that is held back until its challenge is passed counts too.
Misses: thieves who stay below the old limit, or wait a day.
Fires falsely when: the owner raises the limit in order to buy a car or pay a deposit. A payee paid before weighs less.
When it fires: ask for the second factor with amount and payee; lower the limit again if it is not passed.
"""

from __future__ import annotations

from math import exp, log

from contracts.currencies import rounded
from contracts.events import Activity, Transaction
from contracts.exchange import NO_RATES, ExchangeRates
from contracts.findings import Finding, Tallies, says
from contracts.profile import HOUR_S, Profile
from detectors.measures.amounts import baseline, usual_log_amount
from detectors.measures.then_money import Changes, ThenMoney, Window, sequence_spec

SPEC = sequence_spec(
    name="limit_raise_then_money",
    reasons=says(
        en="The limit was raised {hours:hours} ago, and now {value} {currency} leaves; this account's usual amount is "
        "{baseline}.",
        zh_cn="{hours:hours}前提高了限额，现在转出 {value} {currency}；本账户平时每笔约 {baseline}。",
    ),
    attack=("T1098", "T1657"),
)

MAX_CHANGES = 3


class Params(Window, frozen=True):
    """Weight: `raise_nats`, `growth_nats` for each factor e of the amount beyond `least_ratio`, times `known_payee_ratio`.

    `raise_nats` is about half of ln(.2 / .01): takeovers with a raised limit over large honest payments with one. It is
    halved because unusual_amount tells of the amount itself.
    """

    least_history_count: int = 3
    least_ratio: float = 3.0
    population_usd: float = 40.0
    raise_nats: float = 1.5
    growth_nats: float = 0.5
    known_payee_ratio: float = 0.5
    most_nats: float = 3.0
    rates: ExchangeRates = NO_RATES


PARAMS = Params()


class Memory(Changes):
    """Raised limits of the last day as (event time, what changed), ascending, at most MAX_CHANGES."""


SEQUENCE = ThenMoney(SPEC, Memory, ("limit_raise",), MAX_CHANGES)
learn, upgrade = SEQUENCE.learn, SEQUENCE.upgrade


def observe(
    event: Activity, profile: Profile, tallies: Tallies, memory: Memory, params: Params
) -> Finding | None:
    """Weight: see Params."""
    raises = SEQUENCE.before_money(event, profile, memory, params)
    if not raises or not isinstance(event, Transaction):
        return None
    compared = baseline(event, profile, params.rates, params.least_history_count)
    if compared is None:
        return None
    mean = usual_log_amount(compared, params.population_usd)
    usual = (exp(mean) - 1.0) / compared.ratio
    unusual_from = max(params.least_ratio * usual, compared.floor / compared.ratio)
    if usual <= 0.0 or event.value < unusual_from:
        return None
    weight = params.raise_nats + params.growth_nats * log(event.value / (params.least_ratio * usual))
    weight = min(weight, params.most_nats)
    if event.payee_key is not None and event.payee_key in profile.payees:
        weight *= params.known_payee_ratio
    return SPEC.finding(
        weight=weight,
        value=rounded(event.value, event.currency),
        baseline=rounded(usual, event.currency),
        threshold=rounded(unusual_from, event.currency),
        quarantine=True,
        facts={"currency": str(event.currency), "hours": round((event.at - raises[-1][0]) / HOUR_S, 2)},
    )
