"""A login at an hour of the day at which this account is hardly ever active.

Sees: a successful login in an hour (UTC) that the account's own fading table of login hours has nothing in, and in which
it seldom moves money either; hours up to three away count in part.
Misses: attackers who keep the owner's hours; accounts that are active around the clock.
Fires falsely when: the owner cannot sleep, changes shift or travels through time zones. It never weighs enough to be acted
on alone, and the table has taken in a new habit after some logins.
When it fires: nothing by itself; it adds to what else is strange about the login.
"""

from __future__ import annotations

from math import log

from msgspec import Struct

from contracts.circumstances import Circumstance
from contracts.events import Login
from contracts.findings import Finding, Reason, Spec, Tallies
from contracts.hours import HOURS, hour_of
from contracts.profile import Profile
from detectors.measures.day import near_share

SPEC = Spec(
    name="unusual_hour",
    version=1,
    event_types=(Login,),
    family="hour",
    reasons=(
        Reason(
            code="unusual_hour",
            en="A login around {value} UTC, when this account is hardly ever active: about {baseline} of the time.",
            zh_cn="世界协调时 {value} 前后的登录；本账户平时只有约 {baseline} 的活动发生在这一时段。",
        ),
    ),
    attack=("T1078",),
    wakes_on=Circumstance.UNUSUAL_HOUR,
)


class Params(Struct, frozen=True):
    """Attackers are taken to keep any hour of the day equally. `least_history_count` is of logins that the table remembers;
    every hour counts as if it had seen `smoothing_count` events more."""

    least_history_count: int = 15
    smoothing_count: float = 0.5
    least_nats: float = 0.5
    most_nats: float = 1.5


PARAMS = Params()


def observe(event: Login, profile: Profile, tallies: Tallies, memory: None, params: Params) -> Finding | None:
    """Weight: log of one hour's even share of the day over the account's own smoothed share of it, in nats."""
    hours, hour = profile.login_hours, hour_of(event.at)
    if not hours or hours[hour] or event.outcome != "success" or sum(hours) < params.least_history_count:
        return None
    share = near_share((hours, profile.money_hours), hour, params.smoothing_count)
    weight = -log(HOURS * share)
    if weight < params.least_nats:
        return None
    return SPEC.finding(
        weight=min(weight, params.most_nats),
        value=f"{hour:02d}:00",
        baseline=f"{share:.1%}",
        threshold=f"{1 / HOURS:.1%}",
    )
