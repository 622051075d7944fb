"""Most of the balance leaves, at once or in several transactions within a day.

Sees: outgoing money told with its balance, after which at most a fifth is left of the highest balance of the last day.
Misses: accounts whose wallet tells no balance; draining over days; parts that each take less than a fifth of what is there.
Fires falsely when: the owner moves to another bank or spends the pay at once. How often this account was emptied before
is the baseline; it counts three days after it happened, so that a thief's first transfer does not excuse the second. Small
balances never fire.
When it fires: hold the money, ask for the second factor, and tell the owner the amount and the payee.
"""

from __future__ import annotations

from math import log

from msgspec import Struct

from contracts.amounts import major_units
from contracts.circumstances import Circumstance
from contracts.events import Transaction
from contracts.exchange import NO_RATES, ExchangeRates
from contracts.findings import Finding, Reason, Spec, Tallies
from contracts.profile import DAY_S, Profile
from detectors.measures.amounts import usd_worth
from detectors.measures.steps import device_unknown, money_leaves, money_may_leave, payee_unknown
from detectors.measures.stored import reads_version

SPEC = Spec(
    name="account_drain",
    event_types=(Transaction,),
    family="money",
    reasons=(
        Reason(
            code="account_drain",
            en="{value} of the balance leaves at once; only {baseline} of this account's transactions take {threshold} "
            "or more.",
            zh_cn="这一笔交易将转走余额的 {value}；本账户平时只有 {baseline} 的交易会转走 {threshold} 以上。",
        ),
        Reason(
            code="account_drain_in_parts",
            en="With this, {value} of the balance has left within a day, in {count} large transactions; only {baseline} "
            "of this account's transactions take it to {threshold} or more.",
            zh_cn="加上这一笔，一天内已分 {count} 笔大额交易转走余额的 {value}；"
            "本账户平时只有 {baseline} 的交易会达到 {threshold} 以上。",
        ),
    ),
    attack=("T1657",),
    wakes_on=Circumstance.TAKES_MUCH,
    learns_on=Circumstance.TAKES_MUCH,
)

MAX_TAKES = 6
MAX_EMPTIED = 8
_HABIT_S = 180.0 * DAY_S
_HABIT_LEAD_S = 3.0 * DAY_S
#: A large part taken, as (event time, balance before it, currency).
Take = tuple[float, float, str]


class Params(Struct, frozen=True):
    """Weight: ln(attacker's share of transactions that empty the account / own share), in nats.

    The own share is shrunk to the population's as if by `prior_strength_count` transactions. Parts below MUCH_SHARE of
    the balance are never asked about. A balance whose worth is not known is not taken for small.
    """

    window_s: float = DAY_S
    least_transactions_count: int = 3
    drained_share: float = 0.8
    least_balance_usd: float = 50.0
    attacker_share: float = 0.5
    population_share: float = 0.02
    prior_strength_count: float = 5.0
    most_history_count: int = 30
    least_nats: float = 0.5
    most_nats: float = 4.0
    rates: ExchangeRates = NO_RATES


PARAMS = Params()


class Memory(Struct, array_like=True):
    """Large parts taken within a day, and when the account was emptied (once a day at most) in half a year; ascending."""

    takes: list[Take] = []
    emptied: list[float] = []


upgrade = reads_version(SPEC.version, Memory)


def observe(
    event: Transaction, profile: Profile, tallies: Tallies, memory: Memory, params: Params
) -> Finding | None:
    """Weight: see Params."""
    if event.balance is None or profile.transactions < params.least_transactions_count:
        return None
    if not money_may_leave(event, profile):
        return None
    takes = _takes(event, memory.takes, params.window_s)
    share, peak = _drained(event, takes)
    if share < params.drained_share:
        return None
    worth = usd_worth(peak, event.currency, params.rates)
    if worth is not None and worth < params.least_balance_usd:
        return None
    # What was not yet objected to is no habit.
    emptied = sum(event.at - _HABIT_S < at <= event.at - _HABIT_LEAD_S for at in memory.emptied)
    n = min(profile.transactions, params.most_history_count)
    strength = params.prior_strength_count
    own = (emptied + strength * params.population_share) / (n + strength)
    weight = min(log(params.attacker_share / own), params.most_nats)
    if weight < params.least_nats:
        return None
    return SPEC.finding(
        reason="account_drain" if len(takes) == 1 else "account_drain_in_parts",
        weight=weight,
        value=f"{share:.0%}",
        baseline=f"{own:.1%}",
        threshold=f"{params.drained_share:.0%}",
        # To somewhere known it is learned, else no habit could be.
        quarantine=payee_unknown(event, profile) or device_unknown(event, profile),
        facts={"count": len(takes), "earlier": emptied},
    )


def learn(event: Transaction, memory: Memory, params: Params) -> Memory:
    """Remember a large part taken, and a day on which the account was emptied."""
    if event.balance is None or not money_leaves(event):
        return memory
    take = _take(event)
    if take in memory.takes:
        return memory
    share, _ = _drained(event, _takes(event, memory.takes, params.window_s))
    emptied = memory.emptied
    if share >= params.drained_share and not any(abs(at - event.at) < params.window_s for at in emptied):
        emptied = sorted([*emptied, event.at])[-MAX_EMPTIED:]
    since = event.at - params.window_s
    return Memory(
        takes=sorted([*(each for each in memory.takes if each[0] > since), take])[-MAX_TAKES:],
        emptied=[at for at in emptied if at > event.at - _HABIT_S],
    )


def _take(event: Transaction) -> Take:
    assert event.balance is not None
    return event.at, major_units(event.balance, event.currency), str(event.currency)


def _takes(event: Transaction, takes: list[Take], window_s: float) -> list[Take]:
    """This and the parts taken before it inside the window, in its currency."""
    since = event.at - window_s
    before = [each for each in takes if since < each[0] <= event.at and each[2] == event.currency]
    return [*before, _take(event)]


def _drained(event: Transaction, takes: list[Take]) -> tuple[float, float]:
    """The share of the highest balance among the parts taken that is gone after the event, and that balance."""
    peak = max(balance for _, balance, _ in takes)
    left = max(takes[-1][1] - event.value, 0.0)
    return (1.0 - left / peak if peak > 0.0 else 0.0), peak
