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

from contracts.changes import CREDENTIAL_CHANGES
from contracts.events import Activity, Transaction
from contracts.findings import Finding, Reason, Tallies
from contracts.profile import HOUR_S, Profile
from detectors.measures.then_money import Came, Changes, NewcomerParams, ThenMoney, sequence_spec

SPEC = sequence_spec(
    name="credential_change_then_money",
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
)

MAX_CHANGES = 6


class Params(NewcomerParams, frozen=True):
    """Evidence in nats by step."""

    change_nats: float = 1.0
    further_change_nats: float = 0.5
    device_nats: float = 2.0
    payee_nats: float = 1.5
    most_nats: float = 6.0


PARAMS = Params()


class Memory(Changes):
    """Recent credential changes as (event time, what changed), ascending, at most MAX_CHANGES."""


SEQUENCE = ThenMoney(SPEC, Memory, CREDENTIAL_CHANGES, MAX_CHANGES)
learn, upgrade = SEQUENCE.learn, SEQUENCE.upgrade


def observe(
    event: Activity, profile: Profile, tallies: Tallies, memory: Memory, params: Params
) -> Finding | None:
    """Weight: the sum of the steps seen, in nats; the chain is named in the facts."""
    came = SEQUENCE.with_newcomer(event, profile, memory, params)
    return _finding(event, came, params) if came and isinstance(event, Transaction) else None


def _finding(event: Transaction, came: Came, params: Params) -> Finding:
    changed_at, changed = came.steps[0]
    further = len({what for _, what in came.steps}) - 1
    weight = params.change_nats + params.further_change_nats * further
    weight += params.device_nats * came.device
    weight += params.payee_nats * came.payee
    chain = [changed, *["new_device"] * came.device, *["new_payee"] * came.payee, event.kind]
    reason = "change_device_money" if came.device else "change_payee_money"
    return SPEC.finding(
        reason="change_device_payee_money" if came.device and came.payee else reason,
        weight=min(weight, params.most_nats),
        value=round((event.at - changed_at) / HOUR_S, 2),
        threshold=round(params.window_s / HOUR_S),
        quarantine=True,
        facts={"chain": " > ".join(chain), "steps": len(chain)},
    )
