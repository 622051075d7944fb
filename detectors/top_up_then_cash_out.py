"""Money comes in and goes straight out again, to somewhere new: an account used to pass money through.

Sees: a top-up, and within a day transfers, withdrawals or cash-outs of at least half of it: to a payee not paid before, from
a device not seen before, or in a way in which this account never took money out.
Misses: money that comes in from others by transfer, for it is their event; shopping with what was topped up; patience.
Fires falsely when: somebody fills the wallet in order to pay one bill. How often this account takes money out for each
top-up is the baseline, the first minutes weigh most, and a known payee on a known device is never asked about.
When it fires: hold the money until the second factor is passed; ask where the top-up came from, and look at the payee.
"""

from __future__ import annotations

from math import log

from msgspec import Struct

from contracts.circumstances import Circumstance
from contracts.currencies import rounded
from contracts.events import Transaction
from contracts.exchange import NO_RATES, ExchangeRates
from contracts.findings import Finding, Spec, Tallies, says
from contracts.profile import DAY_S, HOUR_S, Profile
from detectors.measures.steps import device_unknown, payee_unknown, way_out
from detectors.measures.stored import reads_version

SPEC = Spec(
    name="top_up_then_cash_out",
    event_types=(Transaction,),
    family="pass_through",
    reasons=says(
        en="{minutes} min after {topped_up} {currency} came in, {value} {currency} leaves {how}; money went out "
        "after {baseline} of this account's earlier top-ups at most.",
        zh_cn="充值 {topped_up} {currency} 后 {minutes} 分钟内，{how}转出 {value} {currency}；"
        "本账户以往充值后转出的比例最多为 {baseline}。",
    ),
    attack=("T1657",),
    wakes_on=Circumstance.REMEMBERED,
    learns_on=Circumstance.TOP_UP | Circumstance.REMEMBERED,
)

MAX_MOVES = 6
_OUT = ("transfer", "withdrawal", "cash_out")
#: Money moved as (event time, amount, currency).
Move = tuple[float, float, str]


class Params(Struct, frozen=True):
    """Weight: ln(attacker's share of top-ups taken out / own share), plus `time_ratio` of the log-likelihood ratio of the time.

    The own share is shrunk to the population's as if by `prior_strength_count` top-ups. An attacker's time until the money
    leaves is exponential with mean `attacker_mean_s`, an owner's even over the window.
    """

    window_s: float = DAY_S
    least_transactions_count: int = 3
    least_out_ratio: float = 0.5
    attacker_out_share: float = 0.8
    population_out_share: float = 0.1
    prior_strength_count: float = 4.0
    attacker_mean_s: float = HOUR_S
    time_ratio: float = 0.3
    least_nats: float = 0.5
    most_nats: float = 4.0
    rates: ExchangeRates = NO_RATES


PARAMS = Params()


class Memory(Struct, array_like=True):
    """Top-ups of the last day, and what left since the first of them; ascending, at most MAX_MOVES each."""

    top_ups: list[Move] = []
    outs: list[Move] = []


upgrade = reads_version(SPEC.version, Memory)


def observe(
    event: Transaction, profile: Profile, tallies: Tallies, memory: Memory, params: Params
) -> Finding | None:
    """Weight: see Params; measured from the last top-up of which at least `least_out_ratio` has left with this."""
    if event.kind not in _OUT or event.status == "failed" or not memory.top_ups:
        return None
    if profile.transactions < params.least_transactions_count:
        return None
    since = event.at - params.window_s
    ins = _by_worth([move for move in memory.top_ups if since < move[0] <= event.at], event, params)
    outs = _by_worth(memory.outs, event, params)
    for came_at, topped_up in reversed(ins):
        out = event.value + sum(amount for at, amount in outs if came_at <= at <= event.at)
        if out >= params.least_out_ratio * topped_up:
            how = _somewhere_new(event, profile)
            return (
                None if how is None else _finding(event, profile, len(ins), came_at, topped_up, how, params)
            )
    return None


def learn(event: Transaction, memory: Memory, params: Params) -> Memory:
    """Remember a top-up, and what leaves after one; whatever is older than the window before the event is forgotten."""
    top_ups, outs = memory.top_ups, memory.outs
    move = (event.at, event.value, str(event.currency))
    if event.status != "failed":
        if event.kind == "top_up" and move not in top_ups:
            top_ups = sorted([*top_ups, move])[-MAX_MOVES:]
        elif event.kind in _OUT and top_ups and move not in outs:
            outs = sorted([*outs, move])[-MAX_MOVES:]
    since = event.at - params.window_s
    if top_ups and top_ups[0][0] <= since:
        top_ups = [each for each in top_ups if each[0] > since]
    if outs and (not top_ups or outs[0][0] < top_ups[0][0]):
        outs = [each for each in outs if top_ups and each[0] >= top_ups[0][0]]
    if top_ups is memory.top_ups and outs is memory.outs:
        return memory
    return Memory(top_ups=top_ups, outs=outs)


def _by_worth(moves: list[Move], event: Transaction, params: Params) -> list[tuple[float, float]]:
    """The moves as (event time, amount in the event's currency), without those whose worth beside it is not known."""
    told = [(at, amount, params.rates.ratio(currency, event.currency)) for at, amount, currency in moves]
    return [(at, amount * ratio) for at, amount, ratio in told if ratio is not None]


def _somewhere_new(event: Transaction, profile: Profile) -> str | None:
    """What is new about the way out, as a word of the explanations; None when nothing is."""
    how = way_out(device_unknown(event, profile), payee_unknown(event, profile))
    if how is not None:
        return how
    return None if profile.amounts.get(event.kind, event.currency) else "in_new_way"


def _finding(
    event: Transaction,
    profile: Profile,
    top_ups: int,
    came_at: float,
    topped_up: float,
    how: str,
    params: Params,
) -> Finding | None:
    own = _own_share(event, profile, top_ups, params)
    waited_s = event.at - came_at
    time_nats = log(params.window_s / params.attacker_mean_s) - waited_s / params.attacker_mean_s
    weight = log(params.attacker_out_share / own) + params.time_ratio * time_nats
    if weight < params.least_nats:
        return None
    return SPEC.finding(
        weight=min(weight, params.most_nats),
        value=rounded(event.value, event.currency),
        baseline=f"{own:.0%}",
        threshold=rounded(params.least_out_ratio * topped_up, event.currency),
        quarantine=True,
        facts={
            "currency": str(event.currency),
            "topped_up": rounded(topped_up, event.currency),
            "minutes": round(waited_s / 60.0),
            "how": how,
        },
    )


def _own_share(event: Transaction, profile: Profile, top_ups: int, params: Params) -> float:
    """Share of earlier top-ups after which money may have left: no more can have than there were moves out."""
    known = [(kind, statistics.n) for (kind, _), statistics in profile.amounts.items()]
    earlier = max(sum(n for kind, n in known if kind == "top_up") - top_ups, 0)
    outs = sum(n for kind, n in known if kind in _OUT)
    strength = params.prior_strength_count
    return (min(outs, earlier) + strength * params.population_out_share) / (earlier + strength)
