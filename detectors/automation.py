"""A program acts where a person should: it says so, or it is faster than hands.

Sees: a successful login, a transaction or an account change whose user agent is a known program (curl, a script library, a
headless browser) and new to the account; failed logins, and the success after them, that follow each other faster than a
password can be typed.
Misses: programs that imitate a browser and a person's pace.
Fires falsely when: the owner lets a program do the accounts; once a code was passed from it, it is known. An app that retries
a stored password by itself is as fast as an attack, so speed weighs little until it succeeds.
When it fires: slow the address down at the edge; ask for the second factor where it got in.
"""

from __future__ import annotations

from msgspec import Struct

from contracts.circumstances import Circumstance
from contracts.events import AccountChange, Activity, Login, Transaction
from contracts.findings import Finding, Reason, Spec, Tallies
from contracts.profile import Profile
from contracts.traits import AT

SPEC = Spec(
    name="automation",
    event_types=(Login, Transaction, AccountChange),
    family="automation",
    reasons=(
        Reason(
            code="program",
            en="A program, not a browser or an app, acts for this account, which it has not done before.",
            zh_cn="操作来自程序脚本，而不是浏览器或手机应用；本账户此前从未如此。",
        ),
        Reason(
            code="inhuman_pace",
            en="{count} login attempts about {value} s apart: faster than a person types a password.",
            zh_cn="连续 {count} 次登录尝试，间隔约 {value} 秒，快于人工输入密码的速度。",
        ),
    ),
    attack=("T1110", "T1059"),
    wakes_on=Circumstance.NEW_AGENT | Circumstance.FAILED_LOGIN | Circumstance.AFTER_FAILURES,
)


class Params(Struct, frozen=True):
    """`program_nats` is ln(.3 / .006): programs among attackers over programs new to honest accounts (judged).

    Attempts are too fast when `least_attempts_count` or more follow each other at `fastest_s` on average, which is half
    of what practised people need for a password of eight characters.
    """

    least_logins_count: int = 3
    program_nats: float = 3.9
    least_attempts_count: int = 5
    fastest_s: float = 2.0
    longest_s: float = 60.0
    attempt_nats: float = 1.5
    success_nats: float = 3.5


PARAMS = Params()


def observe(
    event: Activity, profile: Profile, tallies: Tallies, memory: None, params: Params
) -> Finding | None:
    """Weight: fixed for a program, for a fast failure and for a fast success; a failed login by a program says nothing."""
    if profile.logins < params.least_logins_count:
        return None
    is_login = isinstance(event, Login)
    failed = isinstance(event, Login) and event.outcome == "failure"
    if not failed and _is_new_program(event, profile):
        return SPEC.finding(
            reason="program",
            weight=params.program_nats,
            value="bot",
            quarantine=True,
        )
    return _pace(event.at, failed, profile, params) if is_login else None


def _is_new_program(event: Activity, profile: Profile) -> bool:
    device, agent = event.device, event.traits[AT["agent"]]
    if device is None or device.kind != "bot" or not agent:
        return False
    known = profile.traits
    return len(known) > 0 and not known.knows("agent", agent)


def _pace(at: float, failed: bool, profile: Profile, params: Params) -> Finding | None:
    """The mean time between the last failures before `at` and this attempt, when it is too short."""
    if not profile.failures_in_row and not failed:
        return None
    since = at - params.longest_s
    times = [when for when in profile.failures if since < when <= at]
    attempts = len(times) + 1
    if attempts < params.least_attempts_count:
        return None
    apart_s = (at - times[0]) / (attempts - 1)
    if apart_s > params.fastest_s:
        return None
    return SPEC.finding(
        reason="inhuman_pace",
        weight=params.attempt_nats if failed else params.success_nats,
        value=round(apart_s, 1),
        threshold=params.fastest_s,
        quarantine=not failed,
        facts={"count": attempts},
    )
