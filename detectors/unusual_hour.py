"""A login at an hour of the day at which this account is hardly ever active.

Sees: a successful login in an hour (UTC) that the account's own fading table of login hours has nothing in, and in which
it seldom moves money either; hours up to three away count in part.
Misses: attackers who keep the owner's hours; accounts that are active around the clock.
Fires falsely when: the owner cannot sleep, changes shift or travels through time zones. It never weighs enough to be acted
on alone, and the table has taken in a new habit after some logins.
When it fires: nothing by itself; it adds to what else is strange about the login.
"""

from __future__ import annotations

from contracts.circumstances import Circumstance
from contracts.events import Login
from contracts.findings import Finding, Spec, Tallies, says
from contracts.profile import Profile
from detectors.measures.day import HourParams, at_unusual_hour

SPEC = Spec(
    name="unusual_hour",
    event_types=(Login,),
    family="hour",
    reasons=says(
        en="A login around {value} UTC, when this account is hardly ever active: about {baseline} of the time.",
        zh_cn="世界协调时 {value} 前后的登录；本账户平时只有约 {baseline} 的活动发生在这一时段。",
    ),
    attack=("T1078",),
    wakes_on=Circumstance.UNUSUAL_HOUR,
)


PARAMS = HourParams()


def observe(
    event: Login, profile: Profile, tallies: Tallies, memory: None, params: HourParams
) -> Finding | None:
    """Weight: see `at_unusual_hour`; money counts in part."""
    if event.outcome != "success":
        return None
    return at_unusual_hour(SPEC, event.at, profile.login_hours, profile.money_hours, params)
