"""Something is asked of an account whose second factor was just failed.

Sees: a successful login, a transaction or an account change within a day of challenges that were failed and not passed
since.
Misses: challenges that simply ran out, because nobody answering is no wrong code; attackers who wait a day.
Fires falsely when: the owner mistypes all codes of a challenge and tries again later. Passing any challenge clears it.
When it fires: ask again; after a second failed challenge call the owner on a number that did not change lately.
"""

from __future__ import annotations

from msgspec import Struct

from contracts.circumstances import Circumstance
from contracts.events import AccountChange, Activity, Login, Transaction
from contracts.findings import Finding, Spec, Tallies, says
from contracts.profile import DAY_S, HOUR_S, Profile

SPEC = Spec(
    name="failed_challenge",
    event_types=(Login, Transaction, AccountChange),
    family="factor",
    reasons=says(
        en="The second factor was failed {value} times in the last {hours} h and not passed since.",
        zh_cn="最近 {hours} 小时内两步验证失败 {value} 次，此后未再通过。",
    ),
    attack=("T1111", "T1621"),
    wakes_on=Circumstance.FAILED_CHALLENGE,
)


class Params(Struct, frozen=True):
    """The weight is `first_nats` for one failed challenge and `further_nats` more for each one beyond."""

    window_s: float = DAY_S
    first_nats: float = 2.0
    further_nats: float = 1.0
    most_nats: float = 5.0


PARAMS = Params()


def observe(
    event: Activity, profile: Profile, tallies: Tallies, memory: None, params: Params
) -> Finding | None:
    """Counts failed challenges of the account inside the window before this event."""
    failed = profile.failed_challenges
    if not failed or (isinstance(event, Login) and event.outcome != "success"):
        return None
    at = event.at
    since = at - params.window_s
    count = 0
    for when in failed:
        if since < when <= at:
            count += 1
    if count == 0:
        return None
    return SPEC.finding(
        weight=min(params.first_nats + params.further_nats * (count - 1), params.most_nats),
        value=count,
        threshold=1,
        quarantine=True,
        facts={"hours": round(params.window_s / HOUR_S)},
    )
