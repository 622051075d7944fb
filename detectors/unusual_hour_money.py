"""Money leaves at an hour of the day at which this account has hardly ever moved any.

Sees: outgoing money in an hour (UTC) that the account's own fading table of hours has nothing in, and in which it seldom
does anything else: logins count as much as money, and hours up to three away count in part.
Misses: thieves who keep the owner's hours; accounts that move money around the clock.
Fires falsely when: the owner cannot sleep, changes shift or travels through time zones. It never weighs enough to
be acted on alone, and the table has taken in a new habit after some payments.
When it fires: nothing by itself; it adds to what else is strange about the payment.
"""

from __future__ import annotations

from math import log

from msgspec import Struct

from contracts.circumstances import Circumstance
from contracts.events import Transaction
from contracts.findings import Finding, Reason, Spec, Tallies
from contracts.hours import HOURS, hour_of
from contracts.profile import Profile
from detectors.measures.day import near_share
from detectors.measures.steps import money_may_leave

SPEC = Spec(
    name="unusual_hour_money",
    version=1,
    event_types=(Transaction,),
    family="hour",
    reasons=(
        Reason(
            code="unusual_hour_money",
            en="Money leaves around {value} UTC, when this account is hardly ever active: about {baseline} of the time.",
            zh_cn="世界协调时 {value} 前后转出资金；本账户平时只有约 {baseline} 的活动发生在这一时段。",
        ),
    ),
    attack=("T1657",),
    wakes_on=Circumstance.UNUSUAL_HOUR,
)


class Params(Struct, frozen=True):
    """Thieves are taken to keep any hour of the day equally. `least_history_count` is of money that the table remembers;
    every hour counts as if it had seen `smoothing_count` events more."""

    least_history_count: int = 15
    smoothing_count: float = 0.5
    least_nats: float = 0.5
    most_nats: float = 2.0


PARAMS = Params()


def observe(
    event: Transaction, profile: Profile, tallies: Tallies, memory: None, params: Params
) -> Finding | None:
    """Weight: log of one hour's even share of the day over the account's own smoothed share of it, in nats."""
    hours = profile.money_hours
    if not hours or hours[hour_of(event.at)] or not money_may_leave(event, profile):
        return None
    if sum(hours) < params.least_history_count:
        return None
    share = near_share((hours, profile.login_hours), hour_of(event.at), params.smoothing_count)
    weight = -log(HOURS * share)
    if weight < params.least_nats:
        return None
    return SPEC.finding(
        weight=min(weight, params.most_nats),
        value=f"{hour_of(event.at):02d}:00",
        baseline=f"{share:.1%}",
        threshold=f"{1 / HOURS:.1%}",
    )
