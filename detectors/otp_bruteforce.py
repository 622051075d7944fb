"""The second factor is guessed: challenge after challenge of one account fails.

Sees: a successful login, a transaction or an account change after three or more challenges that were failed within an hour,
or five within a day, and none passed since.
Misses: guessing spread over more than a day; a guess that is right (passing a challenge clears the count).
Fires falsely when: the owner's clock is wrong or the wrong authenticator entry is used, several times in a row.
When it fires: stop asking for codes from there, hold the account's money, and call the owner on a number that did not change
lately. Whoever gets as far as the second factor knows the password: have it changed.
"""

from __future__ import annotations

from msgspec import Struct

from contracts.circumstances import Circumstance
from contracts.events import AccountChange, Login, Transaction
from contracts.findings import Finding, Reason, Spec, Tallies
from contracts.profile import Profile
from detectors.measures.pace import busier_window

SPEC = Spec(
    name="otp_bruteforce",
    version=1,
    event_types=(Login, Transaction, AccountChange),
    family="factor",
    reasons=(
        Reason(
            code="otp_bruteforce",
            en="The second factor was failed {value} times within {hours} h: somebody may be guessing codes.",
            zh_cn="{hours} 小时内两步验证失败 {value} 次，可能有人在猜验证码。",
        ),
    ),
    attack=("T1110.001", "T1111"),
    wakes_on=Circumstance.FAILED_CHALLENGE,
)


class Params(Struct, frozen=True):
    """An owner in trouble fails `honest_1h_count` challenges in an hour and `honest_1d_count` in a day."""

    least_1h_count: int = 3
    least_1d_count: int = 5
    honest_1h_count: float = 0.5
    honest_1d_count: float = 1.0
    most_nats: float = 8.0


PARAMS = Params()


def observe(
    event: Login | Transaction | AccountChange,
    profile: Profile,
    tallies: Tallies,
    memory: None,
    params: Params,
) -> Finding | None:
    """Weight: the Poisson log-likelihood ratio of the failed challenges of the worse window, in nats."""
    failed = profile.failed_challenges
    if len(failed) < params.least_1h_count or (isinstance(event, Login) and event.outcome != "success"):
        return None
    window = busier_window(
        event.at,
        failed,
        (params.least_1h_count, params.least_1d_count),
        (params.honest_1h_count, params.honest_1d_count),
    )
    if window is None:
        return None
    nats, value, hours = window
    return SPEC.finding(
        weight=min(nats, params.most_nats),
        value=value,
        threshold=params.least_1h_count if hours == 1 else params.least_1d_count,
        hold=True,
        facts={"hours": hours},
    )
