"""The whole chain of a takeover, step by step: trouble at the door, a new device, a change to the account, a new payee, money.

Sees: money to a payee not paid before, and within a day before it at least two more steps: a row of failed logins or wrong
codes; a new device; a change of password, phone, e-mail, limit, factor or devices. Each step adds evidence and is named.
Misses: chains that take longer than a day, and those that pay a payee known before. Stuffing where the first try fits shows
as its new device only.
Fires falsely when: somebody with a new phone has forgotten the password and pays a new shop. A passed challenge explains
the steps before it, unless the factor itself was changed; nothing fires on a young account.
When it fires: hold the money, end all sessions, and walk the steps with the owner on a number from before the first of them.
"""

from __future__ import annotations

from contracts.changes import OWN_CHANGES, TAKEOVER_STEPS
from contracts.circumstances import Circumstance
from contracts.events import Activity, Transaction
from contracts.findings import Finding, Reason, Tallies, Value
from contracts.profile import HOUR_S, Profile
from detectors.measures.steps import Step, device_came_at, money_may_leave, payee_is_new
from detectors.measures.then_money import Changes, ThenMoney, Window, sequence_spec

SPEC = sequence_spec(
    name="takeover_chain",
    reasons=(
        Reason(
            code="takeover_in_three_steps",
            en="Within {value:hours}: {step_1}, then {step_2}, and now money to a payee not paid before. Accounts are taken over "
            "in such steps.",
            zh_cn="{value:hours}内依次出现：{step_1}、{step_2}，现在又首次向该收款人付款，符合账户被盗用的过程。",
        ),
        Reason(
            code="takeover_in_four_steps",
            en="Within {value:hours}: {step_1}, then {step_2}, then {step_3}, and now money to a payee not paid before. Accounts "
            "are taken over in such steps.",
            zh_cn="{value:hours}内依次出现：{step_1}、{step_2}、{step_3}，现在又首次向该收款人付款，符合账户被盗用的过程。",
        ),
    ),
    attack=("T1110", "T1078", "T1098", "T1657"),
    also_wakes_on=Circumstance.RECENT_FAILURE | Circumstance.FAILED_CHALLENGE,
)

MAX_CHANGES = 6
_FACTOR = TAKEOVER_STEPS & OWN_CHANGES


class Params(Window, frozen=True):
    """Evidence in nats by step: .4 ln(share of takeovers / share of owners) of the step within a day before money.

    Trouble at the door .4/.02, device .8/.02, change .5/.01, payee .9/.3. The factor .4 is there because owners take these
    steps together, and because the other detectors of the family and the payee's own tell of some of them too.
    """

    least_failures_count: int = 3
    least_logins_count: int = 3
    least_transactions_count: int = 3
    door_nats: float = 1.2
    device_nats: float = 1.5
    change_nats: float = 1.6
    further_change_nats: float = 0.4
    payee_nats: float = 0.4
    most_nats: float = 6.0


PARAMS = Params()


class Memory(Changes):
    """Recent changes to the account as (event time, what changed), ascending, at most MAX_CHANGES."""


SEQUENCE = ThenMoney(SPEC, Memory, TAKEOVER_STEPS, MAX_CHANGES)
learn, upgrade = SEQUENCE.learn, SEQUENCE.upgrade


def observe(
    event: Activity, profile: Profile, tallies: Tallies, memory: Memory, params: Params
) -> Finding | None:
    """Weight: the sum of the steps seen, in nats; see Params."""
    if not isinstance(event, Transaction) or not money_may_leave(event, profile):
        return None
    if (
        profile.logins < params.least_logins_count
        or profile.transactions < params.least_transactions_count
        or event.payee_key is None
    ):
        return None
    since = event.at - params.window_s
    changes = SEQUENCE.since(event, profile, memory, since)
    if profile.passed_challenge_at > since and not any(what in _FACTOR for _, what in changes):
        since = profile.passed_challenge_at
        changes = [step for step in changes if step[0] > since]
    door = _trouble_at_the_door(event, profile, since, params)
    if door is None and not changes:
        return None
    came_at = device_came_at(event, profile, since)
    steps = _told(door, came_at, changes)
    if len(steps) < 2 or not payee_is_new(event, profile, steps[0][0]):
        return None
    return _finding(event, steps, changes, door is not None, came_at is not None, params)


def _trouble_at_the_door(event: Transaction, profile: Profile, since: float, params: Params) -> Step | None:
    """The first of a row of failed logins, or of wrong codes."""
    failures = [at for at in profile.failures if since < at <= event.at]
    if len(failures) >= params.least_failures_count:
        return failures[0], "failed_logins"
    codes = [at for at in profile.failed_challenges if since < at <= event.at]
    return (codes[0], "failed_codes") if codes else None


def _told(door: Step | None, came_at: float | None, changes: list[Step]) -> list[Step]:
    """The steps in their order, at most three: of the changes the first."""
    steps = [] if door is None else [door]
    if came_at is not None:
        steps.append((came_at, "new_device"))
    return sorted([*steps, *changes[:1]])


def _finding(
    event: Transaction, steps: list[Step], changes: list[Step], door: bool, device: bool, params: Params
) -> Finding:
    weight = params.payee_nats + params.door_nats * door + params.device_nats * device
    if changes:
        further = len({what for _, what in changes}) - 1
        weight += params.change_nats + params.further_change_nats * further
    facts: dict[str, Value] = {f"step_{number}": what for number, (_, what) in enumerate(steps, 1)}
    return SPEC.finding(
        reason="takeover_in_three_steps" if len(steps) == 2 else "takeover_in_four_steps",
        weight=min(weight, params.most_nats),
        value=round((event.at - steps[0][0]) / HOUR_S, 2),
        threshold=round(params.window_s / HOUR_S),
        quarantine=True,
        facts={**facts, "steps": len(steps) + 1},
    )
