"""One payment after the other fails, then one goes through: a stolen card or wallet is being tried out.

Sees: different payments that failed within an hour or a day, counted by payee and amount; whether most of them were small;
the next failure, and the payment that goes through after them.
Misses: trials spread over several accounts or days; trials that all succeed (see velocity_count).
Fires falsely when: a terminal or a bank is out of order, or the owner's money has run out. One payment tried again and
again counts once, so a till that refuses a card five times is one failure.
When it fires: stop further payments until the second factor is passed; look at what went through just before and after.
"""

from __future__ import annotations

from msgspec import Struct

from contracts.circumstances import Circumstance
from contracts.events import Transaction
from contracts.exchange import NO_RATES, ExchangeRates
from contracts.findings import Finding, Reason, Spec, Tallies
from contracts.profile import DAY_S, HOUR_S, Profile
from detectors.measures.amounts import usd_worth
from detectors.measures.pace import poisson_nats
from detectors.measures.steps import INCOMING
from detectors.measures.stored import reads_version

SPEC = Spec(
    name="payment_failures",
    event_types=(Transaction,),
    family="payment",
    reasons=(
        Reason(
            code="payment_failures",
            en="{value} different payments failed within {hours} h; {threshold} are suspicious.",
            zh_cn="{hours} 小时内有 {value} 笔不同的付款失败；{threshold} 笔即属可疑。",
        ),
        Reason(
            code="card_testing",
            en="{value} different payments failed within {hours} h, {small} of them very small: this is how a stolen "
            "card is tried out; {threshold} are suspicious.",
            zh_cn="{hours} 小时内有 {value} 笔不同的付款失败，其中 {small} 笔金额很小，"
            "符合盗卡试刷的特征；{threshold} 笔即属可疑。",
        ),
        Reason(
            code="success_after_payment_failures",
            en="A payment goes through after {value} different ones failed within {hours} h; {threshold} are suspicious.",
            zh_cn="{hours} 小时内有 {value} 笔不同的付款失败，随后这一笔付款成功；{threshold} 笔即属可疑。",
        ),
    ),
    attack=("T1657",),
    wakes_on=Circumstance.FAILED_PAYMENT | Circumstance.REMEMBERED,
    learns_on=Circumstance.FAILED_PAYMENT | Circumstance.REMEMBERED,
)

MAX_FAILED = 12
#: A failed payment as (event time, worth in dollars, two bytes of the payee's key).
Failed = tuple[float, float, int]


class Params(Struct, frozen=True):
    """Weight: `nats_ratio` of the Poisson ratio against the failures that follow an honest one, and `small_nats` more when
    most were small: ln(.8 / .25), small trials of card testers over those of owners."""

    least_1h_count: int = 3
    least_1d_count: int = 6
    expected_1h_count: float = 0.5
    expected_1d_count: float = 1.0
    nats_ratio: float = 0.5
    small_usd: float = 5.0
    small_ratio: float = 0.5
    small_nats: float = 1.2
    most_nats: float = 5.0
    rates: ExchangeRates = NO_RATES


PARAMS = Params()


class Memory(Struct, array_like=True):
    """Payments that failed within a day of the last one, ascending, at most MAX_FAILED."""

    failed: list[Failed] = []


upgrade = reads_version(SPEC.version, Memory)


def observe(
    event: Transaction, profile: Profile, tallies: Tallies, memory: Memory, params: Params
) -> Finding | None:
    """Weight: how surprising so many different failures are in the worse of both windows, in nats."""
    failed = memory.failed
    fails = event.status == "failed"
    if len(failed) + fails < params.least_1h_count or event.kind in INCOMING:
        return None
    if fails:
        failed = [*failed, _failed(event, params.rates)]
    worst: tuple[float, int, int, int, float] | None = None
    for window_s, least, expected in (
        (HOUR_S, params.least_1h_count, params.expected_1h_count),
        (DAY_S, params.least_1d_count, params.expected_1d_count),
    ):
        different = {(worth, payee) for at, worth, payee in failed if event.at - window_s < at <= event.at}
        if len(different) < least:
            continue
        nats = params.nats_ratio * poisson_nats(len(different), expected)
        if worst is None or nats > worst[0]:
            small = sum(worth <= params.small_usd for worth, _ in different)
            worst = nats, len(different), small, least, window_s
    return None if worst is None else _finding(worst, fails, params)


def learn(event: Transaction, memory: Memory, params: Params) -> Memory:
    """Remember a failure; any event forgets those that are more than a day older than it."""
    failed = memory.failed
    if event.status == "failed" and event.kind not in INCOMING:
        row = _failed(event, params.rates)
        if row not in failed:
            failed = sorted([*failed, row])
    since = event.at - DAY_S
    if failed and failed[0][0] <= since:
        failed = [row for row in failed if row[0] > since]
    return memory if failed is memory.failed else Memory(failed=failed[-MAX_FAILED:])


def _failed(event: Transaction, rates: ExchangeRates) -> Failed:
    # An amount of unknown worth stands for itself: it tells payments apart, which is most of what it is for.
    known = usd_worth(event.value, event.currency, rates)
    worth = event.value if known is None else known
    key = event.payee_key
    return event.at, round(worth, 2), 0 if key is None else int.from_bytes(key[:2], "big")


def _finding(worst: tuple[float, int, int, int, float], fails: bool, params: Params) -> Finding:
    weight, count, small, least, window_s = worst
    tested = small >= params.small_ratio * count
    if tested:
        weight += params.small_nats
    return SPEC.finding(
        reason="success_after_payment_failures"
        if not fails
        else "card_testing"
        if tested
        else "payment_failures",
        weight=min(weight, params.most_nats),
        value=count,
        threshold=least,
        quarantine=not fails,
        facts={"hours": round(window_s / HOUR_S), "small": small},
    )
