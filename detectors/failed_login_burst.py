"""Many failed logins on one account in a short time.

Sees: the fifth and every further failed login of ten minutes.
Misses: guessing slower than that, and guessing spread over many accounts (see credential_stuffing).
Fires falsely when: an app retries with a stored, outdated password; the owner has forgotten which password it was.
When it fires: slow further attempts down; nothing is taken from the owner, for anybody can fail on another's account.
Watch for a success (success_after_failures).
"""

from __future__ import annotations

from math import log

from msgspec import Struct

from contracts.circumstances import Circumstance
from contracts.events import Login
from contracts.findings import Finding, Spec, Tallies, says
from contracts.profile import Profile

SPEC = Spec(
    name="failed_login_burst",
    event_types=(Login,),
    family="credentials",
    reasons=says(
        en="{value} failed logins in {minutes} minutes; {threshold} are too many.",
        zh_cn="{minutes} 分钟内登录失败 {value} 次，已达到 {threshold} 次的上限。",
    ),
    attack=("T1110.001",),
    wakes_on=Circumstance.FAILED_LOGIN,
)


class Params(Struct, frozen=True):
    """The weight starts at `first_nats` on the threshold and grows by `growth_nats` for each factor e beyond."""

    window_s: float = 600.0
    threshold_count: int = 5
    first_nats: float = 1.0
    growth_nats: float = 1.5
    most_nats: float = 3.0


PARAMS = Params()


def observe(event: Login, profile: Profile, tallies: Tallies, memory: None, params: Params) -> Finding | None:
    """Counts the failures of the window that ends with this one; the profile remembers the last dozen."""
    if event.outcome != "failure":
        return None
    failures = profile.failures
    threshold = params.threshold_count
    if len(failures) + 1 < threshold:
        return None
    at = event.at
    since = at - params.window_s
    count = 1
    for when in failures:
        if since < when <= at:
            count += 1
    if count < threshold:
        return None
    return SPEC.finding(
        weight=min(params.first_nats + params.growth_nats * log(count / threshold), params.most_nats),
        value=count,
        baseline=0,
        threshold=threshold,
        facts={"minutes": round(params.window_s / 60.0)},
    )
