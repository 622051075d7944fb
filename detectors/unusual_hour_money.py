"""Money leaves at an hour of the day at which this account has hardly ever moved any.

Sees: outgoing money in an hour (UTC) that the account's own fading table of hours has nothing in, and in which it seldom
does anything else: logins count as much as money, and hours up to three away count in part.
Misses: thieves who keep the owner's hours; accounts that move money around the clock.
Fires falsely when: the owner cannot sleep, changes shift or travels through time zones. It never weighs enough to
be acted on alone, and the table has taken in a new habit after some payments.
When it fires: nothing by itself; it adds to what else is strange about the payment.
"""

from __future__ import annotations

from contracts.circumstances import Circumstance
from contracts.events import Transaction
from contracts.findings import Finding, Spec, Tallies, says
from contracts.profile import Profile
from detectors.measures.day import HourParams, at_unusual_hour
from detectors.measures.steps import money_may_leave

SPEC = Spec(
    name="unusual_hour_money",
    event_types=(Transaction,),
    family="hour",
    reasons=says(
        en="Money leaves around {value} UTC, when this account is hardly ever active: about {baseline} of the time.",
        zh_cn="世界协调时 {value} 前后转出资金；本账户平时只有约 {baseline} 的活动发生在这一时段。",
    ),
    attack=("T1657",),
    wakes_on=Circumstance.UNUSUAL_HOUR,
)


PARAMS = HourParams(most_nats=2.0)


def observe(
    event: Transaction, profile: Profile, tallies: Tallies, memory: None, params: HourParams
) -> Finding | None:
    """Weight: see `at_unusual_hour`; logins count in part."""
    if not money_may_leave(event, profile):
        return None
    return at_unusual_hour(SPEC, event.at, profile.money_hours, profile.login_hours, params)
