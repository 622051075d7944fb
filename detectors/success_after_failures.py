"""A login that succeeds after a row of failures.

Sees: a success with at least five failures in a row before it, all in the last hour.
Misses: an attacker whose first guess is right; guessing spread over days.
Fires falsely when: the owner tries old passwords until one fits. A device the account knows weighs less, and a known
device on a known network keeps nothing out of the profile.
When it fires: ask for the second factor; if it is not passed, reset the password and end the session.
"""

from __future__ import annotations

from math import log

from msgspec import Struct

from contracts.circumstances import Circumstance
from contracts.events import Login
from contracts.findings import Finding, Spec, Tallies, says
from contracts.profile import MAX_FAILURES, Profile

SPEC = Spec(
    name="success_after_failures",
    event_types=(Login,),
    family="credentials",
    reasons=says(
        en="A login succeeded after {value} failures in a row; {threshold} are suspicious.",
        zh_cn="连续失败 {value} 次后登录成功；{threshold} 次即属可疑。",
    ),
    attack=("T1110.001", "T1078"),
    wakes_on=Circumstance.AFTER_FAILURES,
)


class Params(Struct, frozen=True):
    """The weight starts at `first_nats` on the threshold and grows by `growth_nats` for each factor e beyond."""

    window_s: float = 3600.0
    threshold_count: int = 5
    first_nats: float = 2.0
    growth_nats: float = 2.0
    most_nats: float = 5.0
    known_device_ratio: float = 0.4


PARAMS = Params()


def observe(event: Login, profile: Profile, tallies: Tallies, memory: None, params: Params) -> Finding | None:
    """Counts the failures in a row inside the window before this success."""
    in_row = profile.failures_in_row
    threshold = params.threshold_count
    if in_row < threshold or event.outcome != "success":
        return None
    at = event.at
    since = at - params.window_s
    recent = 0
    for when in profile.failures:
        if since < when <= at:
            recent += 1
    # The profile forgets the times of older failures of a long row, not that they were.
    count = in_row if recent == MAX_FAILURES else min(recent, in_row)
    if count < threshold:
        return None
    weight = min(params.first_nats + params.growth_nats * log(count / threshold), params.most_nats)
    known = event.device_key in profile.devices
    if known:
        weight *= params.known_device_ratio
    return SPEC.finding(
        weight=weight,
        value=count,
        baseline=0,
        threshold=threshold,
        quarantine=not (known and event.network_key in profile.networks),
        facts={"minutes": round(params.window_s / 60.0), "known_device": int(known)},
    )
