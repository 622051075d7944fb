"""The second factor is removed, replaced or gone around, and then money leaves to somewhere new.

Sees: outgoing money within a day of a second factor removed, enrolled or replaced, a recovery code used or new ones made, when a
new device or payee (or both) came with it. A change that is held back until its challenge is passed counts too.
Misses: attackers who wait longer than a day; who own the factor already; who pay a known payee from a known device.
Fires falsely when: the owner moves to a new phone: removes the old authenticator, enrols the new one and pays from it. An
enrolment alone weighs little, and so do new recovery codes; on the own device and to a known payee nothing fires.
When it fires: hold the money and call the owner on a known number. A code from the new factor proves nothing now.
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
    name="factor_change_then_money",
    version=1,
    event_types=(Transaction, AccountChange),
    family="sequence",
    reasons=(
        Reason(
            code="factor_removed_then_money",
            en="The second factor was removed {value:hours} ago, and now money leaves {how}.",
            zh_cn="{value:hours}前解除了两步验证，现在{how}转出资金。",
        ),
        Reason(
            code="recovery_code_then_money",
            en="A recovery code was used {value:hours} ago instead of the second factor, and now money leaves {how}.",
            zh_cn="{value:hours}前使用恢复码代替了两步验证，现在{how}转出资金。",
        ),
        Reason(
            code="factor_enrolled_then_money",
            en="A new second factor was set up {value:hours} ago, and now money leaves {how}.",
            zh_cn="{value:hours}前设置了新的两步验证方式，现在{how}转出资金。",
        ),
    ),
    attack=("T1556.006", "T1098", "T1657"),
    wakes_on=Circumstance.HELD_CHANGE | Circumstance.REMEMBERED,
    learns_on=Circumstance.CHANGE | Circumstance.REMEMBERED,
)

MAX_CHANGES = 6
#: Changes to the factor, the most telling first, with their reasons.
FACTOR_CHANGES = {
    "totp_removed": "factor_removed_then_money",
    "recovery_code_used": "recovery_code_then_money",
    "totp_enrolled": "factor_enrolled_then_money",
    "totp_replaced": "factor_enrolled_then_money",
    "recovery_codes_made": "factor_enrolled_then_money",
}


class Params(Struct, frozen=True):
    """Evidence in nats by step; a device counts as new from `device_lead_s` before the change on.

    Each is ln(share of takeovers / share of owners) of the step within a day before money, about halved because owners
    take several of these steps together: removed .2/.004, code used .2/.01, enrolled .3/.06, device .8/.015, payee .9/.05.
    """

    window_s: float = DAY_S
    device_lead_s: float = HOUR_S
    least_logins_count: int = 3
    least_transactions_count: int = 3
    removed_nats: float = 2.0
    code_used_nats: float = 1.5
    enrolled_nats: float = 0.8
    codes_made_nats: float = 0.3
    further_change_nats: float = 0.5
    device_nats: float = 2.0
    payee_nats: float = 1.5
    most_nats: float = 6.0


PARAMS = Params()


class Memory(Struct, array_like=True):
    """Recent changes to the factor as (event time, what changed), ascending, at most MAX_CHANGES."""

    changes: list[Step] = []


def observe(
    event: Transaction | AccountChange,
    profile: Profile,
    tallies: Tallies,
    memory: Memory,
    params: Params,
) -> Finding | None:
    """Weight: the most telling change, `further_change_nats` for each other kind, and the steps that came with it."""
    if not isinstance(event, Transaction) or not (memory.changes or profile.pending):
        return None
    if not money_may_leave(event, profile):
        return None
    since = event.at - params.window_s
    changes = changes_between(memory.changes, profile.pending, FACTOR_CHANGES, since, event.at)
    if not changes:
        return None
    changed_at = changes[0][0]
    device = (
        profile.logins >= params.least_logins_count
        and device_came_at(event, profile, changed_at - params.device_lead_s) is not None
    )
    payee = profile.transactions >= params.least_transactions_count and payee_is_new(
        event, profile, changed_at
    )
    if not (device or payee):
        return None
    return _finding(event, changes, device, payee, params)


def learn(event: AccountChange | Transaction, memory: Memory, params: Params) -> Memory:
    """Remember a change to the factor; money forgets those that are too old to matter."""
    changes = remembered(memory.changes, event, FACTOR_CHANGES, params.window_s, MAX_CHANGES)
    return memory if changes is memory.changes else Memory(changes=changes)


def upgrade(version: int, packed: bytes) -> Memory:
    """Reads what version 1 packed. Raises ValueError for a version this code does not know."""
    if version != SPEC.version:
        raise ValueError(f"unknown memory version {version}")
    return msgpack.decode(packed, type=Memory)


def _finding(event: Transaction, changes: list[Step], device: bool, payee: bool, params: Params) -> Finding:
    nats = {
        "totp_removed": params.removed_nats,
        "recovery_code_used": params.code_used_nats,
        "totp_enrolled": params.enrolled_nats,
        "totp_replaced": params.enrolled_nats,
        "recovery_codes_made": params.codes_made_nats,
    }
    kinds = {what for _, what in changes}
    worst = max(kinds, key=lambda what: (nats[what], what))
    weight = nats[worst] + params.further_change_nats * (len(kinds) - 1)
    weight += params.device_nats * device + params.payee_nats * payee
    return SPEC.finding(
        reason=FACTOR_CHANGES[worst],
        weight=min(weight, params.most_nats),
        value=round((event.at - max(at for at, what in changes if what == worst)) / HOUR_S, 2),
        threshold=round(params.window_s / HOUR_S),
        hold=True,
        facts={
            "how": "from_new_device_to_new_payee"
            if device and payee
            else "from_new_device"
            if device
            else "to_new_payee",
            "changes": len(kinds),
        },
    )
