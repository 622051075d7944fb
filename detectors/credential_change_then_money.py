"""Sign-in details change, somebody new appears, and money leaves: the chain of a takeover.

Sees: outgoing money within a day of a password reset, password, phone or e-mail change, when a new device or a new
payee (or both) came with it. Each step adds evidence. A change or device that is held back until its challenge is
passed counts as a step.
Misses: attackers who wait longer than a day; a takeover that changes nothing and pays a known payee.
Fires falsely when: the owner gets a new phone, resets the password on it and pays at once. A change alone, on the own
device and to a known payee, never fires; on a young account, whose every device and payee is new, nothing does.
When it fires: hold the money, ask for the second factor, and call the owner on the number from before the change.
"""

from __future__ import annotations

from msgspec import Struct, msgpack

from contracts.circumstances import Circumstance
from contracts.events import AccountChange, Transaction
from contracts.findings import Finding, Reason, Spec, Tallies
from contracts.profile import DAY_S, HOUR_S, Profile
from detectors.measures.steps import (
    Step,
    changes_between,
    device_came_at,
    money_may_leave,
    payee_is_new,
    remembered,
)

SPEC = Spec(
    name="credential_change_then_money",
    version=1,
    event_types=(Transaction, AccountChange),
    family="sequence",
    reasons=(
        Reason(
            code="change_device_payee_money",
            en="Sign-in details changed {value:hours} ago, then a new device, and now money to a new payee.",
            zh_cn="{value:hours}前修改了登录信息，随后出现新设备，现在又向新收款人转账。",
        ),
        Reason(
            code="change_device_money",
            en="Sign-in details changed {value:hours} ago, then a new device, and now money leaves.",
            zh_cn="{value:hours}前修改了登录信息，随后出现新设备，现在转出资金。",
        ),
        Reason(
            code="change_payee_money",
            en="Sign-in details changed {value:hours} ago, and now money goes to a new payee.",
            zh_cn="{value:hours}前修改了登录信息，现在向新收款人转账。",
        ),
    ),
    attack=("T1098", "T1078", "T1657"),
    wakes_on=Circumstance.HELD_CHANGE | Circumstance.REMEMBERED,
    learns_on=Circumstance.CHANGE | Circumstance.REMEMBERED,
)

CREDENTIAL_CHANGES = frozenset({"password_reset", "password_change", "phone_change", "email_change"})
MAX_CHANGES = 6


class Params(Struct, frozen=True):
    """Evidence in nats by step; a device counts as new from `device_lead_s` before the change on."""

    window_s: float = DAY_S
    device_lead_s: float = HOUR_S
    least_logins_count: int = 3
    least_transactions_count: int = 3
    change_nats: float = 1.0
    further_change_nats: float = 0.5
    device_nats: float = 2.0
    payee_nats: float = 1.5
    most_nats: float = 6.0


PARAMS = Params()


class Memory(Struct, array_like=True):
    """Recent credential changes as (event time, what changed), ascending, at most MAX_CHANGES."""

    changes: list[Step] = []


def observe(
    event: Transaction | AccountChange,
    profile: Profile,
    tallies: Tallies,
    memory: Memory | None,
    params: Params,
) -> Finding | None:
    """Weight: the sum of the steps seen, in nats; the chain is named in the facts."""
    changes = memory.changes if memory is not None else []
    pending = profile.pending
    if not (changes or pending) or not isinstance(event, Transaction):
        return None
    if not money_may_leave(event, profile):
        return None
    steps = changes_between(changes, pending, CREDENTIAL_CHANGES, event.at - params.window_s, event.at)
    if not steps:
        return None
    return _chain(event, profile, steps, params)


def learn(event: AccountChange | Transaction, memory: Memory, params: Params) -> Memory:
    """Remember a credential change; money forgets those that are too old to matter."""
    changes = remembered(memory.changes, event, CREDENTIAL_CHANGES, params.window_s, MAX_CHANGES)
    return memory if changes is memory.changes else Memory(changes=changes)


def upgrade(version: int, packed: bytes) -> Memory:
    """Reads what version 1 packed. Raises ValueError for a version this code does not know."""
    if version != SPEC.version:
        raise ValueError(f"unknown memory version {version}")
    return msgpack.decode(packed, type=Memory)


def _chain(event: Transaction, profile: Profile, steps: list[Step], params: Params) -> Finding | None:
    changed_at, changed = steps[0]
    device = (
        profile.logins >= params.least_logins_count
        and device_came_at(event, profile, changed_at - params.device_lead_s) is not None
    )
    payee = profile.transactions >= params.least_transactions_count and payee_is_new(
        event, profile, changed_at
    )
    if not (device or payee):
        return None
    weight = params.change_nats
    kinds = {change for _, change in steps}
    weight += params.further_change_nats * (len(kinds) - 1)
    chain = [changed]
    if device:
        weight += params.device_nats
        chain.append("new_device")
    if payee:
        weight += params.payee_nats
        chain.append("new_payee")
    chain.append(event.kind)
    reason = (
        "change_device_payee_money"
        if device and payee
        else "change_device_money"
        if device
        else "change_payee_money"
    )
    return SPEC.finding(
        reason=reason,
        weight=min(weight, params.most_nats),
        value=round((event.at - changed_at) / HOUR_S, 2),
        threshold=round(params.window_s / HOUR_S),
        hold=True,
        facts={"chain": " > ".join(chain), "steps": len(chain)},
    )
