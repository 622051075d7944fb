"""The second factor is guessed: challenge after challenge of one account fails.

Sees: a successful login, a transaction or an account change after three or more challenges that were failed within an hour,
or five within a day, and none passed since.
Misses: guessing spread over more than a day; a guess that is right (passing a challenge clears the count).
Fires falsely when: the owner's clock is wrong or the wrong authenticator entry is used, several times in a row.
When it fires: stop asking for codes from there, hold the account's money, and call the owner on a number that did not change
lately. Whoever gets as far as the second factor knows the password: have it changed.
"""

from __future__ import annotations

from contracts.circumstances import Circumstance
from contracts.events import AccountChange, Activity, Login, Transaction
from contracts.findings import Finding, Spec, Tallies, says
from contracts.profile import Profile
from detectors.measures.pace import BusyParams, busier_than_honest

SPEC = Spec(
    name="otp_bruteforce",
    event_types=(Login, Transaction, AccountChange),
    family="factor",
    reasons=says(
        en="The second factor was failed {value} times within {hours} h: somebody may be guessing codes.",
        zh_cn="{hours} 小时内两步验证失败 {value} 次，可能有人在猜验证码。",
    ),
    attack=("T1110.001", "T1111"),
    wakes_on=Circumstance.FAILED_CHALLENGE,
)


PARAMS = BusyParams(
    least_1h_count=3,
    least_1d_count=5,
    honest_1h_count=0.5,
    honest_1d_count=1.0,
    most_nats=8.0,
)


def observe(
    event: Activity, profile: Profile, tallies: Tallies, memory: None, params: BusyParams
) -> Finding | None:
    """Weight: the Poisson log-likelihood ratio of the failed challenges of the worse window, in nats."""
    return busier_than_honest(SPEC, event, profile.failed_challenges, params)
