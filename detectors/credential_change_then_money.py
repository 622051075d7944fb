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
from contracts.profile import DAY_S, HOUR_S, Pending, Profile

SPEC = Spec(
    name="credential_change_then_money",
    version=1,
    event_types=(Transaction, AccountChange),
    family="sequence",
    reasons=(
        Reason(
            code="change_device_payee_money",
            en="Sign-in details changed {value} h ago, then a new device, and now money to a new payee.",
            zh_cn="{value} 小时前修改了登录信息，随后出现新设备，现在又向新收款人转账。",
        ),
        Reason(
            code="change_device_money",
            en="Sign-in details changed {value} h ago, then a new device, and now money leaves.",
            zh_cn="{value} 小时前修改了登录信息，随后出现新设备，现在转出资金。",
        ),
        Reason(
            code="change_payee_money",
            en="Sign-in details changed {value} h ago, and now money goes to a new payee.",
            zh_cn="{value} 小时前修改了登录信息，现在向新收款人转账。",
        ),
    ),
    attack=("T1098", "T1078", "T1657"),
    learns_from=(AccountChange,),
    wakes_on=Circumstance.HELD | Circumstance.REMEMBERED,
)

CREDENTIAL_CHANGES = frozenset({"password_reset", "password_change", "phone_change", "email_change"})
MAX_CHANGES = 6
_INCOMING = frozenset({"refund", "top_up"})


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

    changes: list[tuple[float, str]] = []


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
    if event.kind in _INCOMING or event.status == "failed":
        return None
    steps = _steps(changes, pending, event.at - params.window_s, event.at)
    if not steps:
        return None
    return _chain(event, profile, steps, params)


def learn(event: AccountChange, memory: Memory, params: Params) -> Memory:
    """Remember a credential change; anything else, and a change already known, teaches nothing."""
    if event.change not in CREDENTIAL_CHANGES:
        return memory
    change = (event.at, str(event.change))
    if change in memory.changes:
        return memory
    return Memory(changes=sorted([*memory.changes, change])[-MAX_CHANGES:])


def upgrade(version: int, packed: bytes) -> Memory:
    """Reads what version 1 packed. Raises ValueError for a version this code does not know."""
    if version != SPEC.version:
        raise ValueError(f"unknown memory version {version}")
    return msgpack.decode(packed, type=Memory)


def _steps(
    changes: list[tuple[float, str]], pending: list[Pending], since: float, until: float
) -> list[tuple[float, str]]:
    """Credential changes of the window, learned or held back, ascending."""
    steps = [change for change in changes if since < change[0] <= until]
    for held in pending:
        facts = held.facts
        if facts.type == "account_change" and facts.kind in CREDENTIAL_CHANGES and since < facts.at <= until:
            steps.append((facts.at, facts.kind))
    steps.sort()
    return steps


def _chain(
    event: Transaction, profile: Profile, steps: list[tuple[float, str]], params: Params
) -> Finding | None:
    changed_at, changed = steps[0]
    device = profile.logins >= params.least_logins_count and _new_device(
        event, profile, changed_at - params.device_lead_s
    )
    payee = profile.transactions >= params.least_transactions_count and _new_payee(event, profile, changed_at)
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
    return Finding(
        detector="credential_change_then_money",
        reason=reason,
        family="sequence",
        weight=min(weight, params.most_nats),
        value=round((event.at - changed_at) / HOUR_S, 1),
        threshold=round(params.window_s / HOUR_S),
        hold=True,
        facts={"chain": " > ".join(chain), "steps": len(chain)},
    )


def _new_device(event: Transaction, profile: Profile, since: float) -> bool:
    """Whether a new device has come since then: this one or another, learned or held back."""
    devices = profile.devices
    if not any(seen.first_at < since for seen in devices.values()):
        return False
    key = event.device_key
    if key is not None and key not in devices:
        return True
    until = event.at
    if any(since <= seen.first_at <= until for seen in devices.values()):
        return True
    for held in profile.pending:
        facts = held.facts
        if facts.device is not None and facts.device not in devices and since <= facts.at <= until:
            return True
    return False


def _new_payee(event: Transaction, profile: Profile, since: float) -> bool:
    """Whether the money goes to a payee that is not known, or only since then."""
    key = event.payee_key
    payees = profile.payees
    if key is None or not any(seen.first_at < since for seen in payees.values()):
        return False
    seen = payees.get(key)
    return seen is None or seen.first_at >= since
