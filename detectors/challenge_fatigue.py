"""Challenge after challenge is asked for, until the owner may give in or tell a code on the phone.

Sees: a successful login, a transaction or an account change after five or more challenges of the account within an hour, or
ten within a day, whether they were answered or not. A code that is given in the end does not wipe out the many before it.
Misses: an attacker who needs only a few challenges; a patient one who spreads them over days.
Fires falsely when: the owner travels with a new phone and does many things at once, each asked about. The budget of
challenges in the policy keeps that from happening.
When it fires: stop asking; hold outgoing money and call the owner, because the next code may have been talked out of them.
"""

from __future__ import annotations

from contracts.circumstances import Circumstance
from contracts.events import AccountChange, Activity, Login, Transaction
from contracts.findings import Finding, Spec, Tallies, says
from contracts.profile import Profile
from detectors.measures.pace import BusyParams, busier_than_honest

SPEC = Spec(
    name="challenge_fatigue",
    event_types=(Login, Transaction, AccountChange),
    family="factor",
    reasons=says(
        en="A code was asked for {value} times within {hours} h: somebody may be wearing the owner down.",
        zh_cn="{hours} 小时内已要求验证 {value} 次，可能有人在反复骚扰户主以骗取验证码。",
    ),
    attack=("T1621",),
    wakes_on=Circumstance.CHALLENGED,
)


#: Our own challenges feed this count, so `most_nats` lets it lift a challenge to a hold, never to a freeze.
PARAMS = BusyParams(
    least_1h_count=5,
    least_1d_count=10,
    honest_1h_count=2.0,
    honest_1d_count=3.0,
    most_nats=3.5,
)


def observe(
    event: Activity, profile: Profile, tallies: Tallies, memory: None, params: BusyParams
) -> Finding | None:
    """Weight: the Poisson log-likelihood ratio of the challenges asked for in the worse window, in nats."""
    return busier_than_honest(SPEC, event, profile.challenge_times, params)
