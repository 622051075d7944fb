"""A session goes on on a device that has not logged in, or on the same device id under another system.

Sees: a transaction or an account change inside a session, from a device that the account never used and on which no login
waits for its code: the login was made elsewhere, so the session was carried over (a stolen cookie or token). Also a known
device id that suddenly calls itself another operating system: the id was copied.
Misses: a copy that imitates device id and system; a session stolen on the owner's own device. A network that changes under
the same device is a phone leaving the house, and says nothing here (see impossible_travel).
Fires falsely when: the wallet sends a device's payment before its login, or does not send that login at all.
When it fires: ask for the second factor and end the session everywhere; look for malware that steals cookies.
"""

from __future__ import annotations

from msgspec import Struct

from contracts.circumstances import Circumstance
from contracts.events import AccountChange, Transaction
from contracts.findings import Finding, Reason, Spec, Tallies
from contracts.profile import Profile
from contracts.traits import AT, TRAIT_BYTES, nothing

SPEC = Spec(
    name="session_switch",
    event_types=(Transaction, AccountChange),
    family="familiarity",
    reasons=(
        Reason(
            code="session_on_other_device",
            en="An open session goes on on a device that has not logged in itself.",
            zh_cn="已登录的会话在另一台未曾登录的设备上继续使用。",
        ),
        Reason(
            code="device_under_other_system",
            en="A known device suddenly runs another operating system inside an open session; its id may be copied.",
            zh_cn="已登录的会话中，熟悉的设备突然换了操作系统，设备标识可能已被复制。",
        ),
    ),
    attack=("T1539", "T1550.004"),
    wakes_on=Circumstance.NEW_DEVICE | Circumstance.NEW_AGENT,
)

_NO_SYSTEM = nothing("system")


class Params(Struct, frozen=True):
    """Weights are judged: almost no honest session changes devices, and few honest devices change their system."""

    least_logins_count: int = 3
    other_device_nats: float = 4.0
    other_system_nats: float = 3.0


PARAMS = Params()


def observe(
    event: Transaction | AccountChange, profile: Profile, tallies: Tallies, memory: None, params: Params
) -> Finding | None:
    """Weight: fixed for each of the two ways."""
    device = event.device_key
    if event.session_id is None or device is None or profile.logins < params.least_logins_count:
        return None
    if device in profile.devices:
        if not _is_other_system(event, profile):
            return None
        return _finding("device_under_other_system", params.other_system_nats, profile)
    if not len(profile.devices):
        return None
    for waiting in profile.quarantined:
        if waiting.facts.device == device:
            return None
    return _finding("session_on_other_device", params.other_device_nats, profile)


def _is_other_system(event: Transaction | AccountChange, profile: Profile) -> bool:
    """Whether the event tells a system that none of the account's remembered events had."""
    system, traits = event.traits[AT["system"]], profile.traits
    if len(system) < TRAIT_BYTES or system == _NO_SYSTEM or not len(traits):
        return False
    return not traits.knows("system", system) and not traits.knows("system", _NO_SYSTEM)


def _finding(reason: str, nats: float, profile: Profile) -> Finding:
    return SPEC.finding(
        reason=reason,
        weight=nats,
        value=1,
        baseline=0,
        quarantine=True,
        facts={"known_devices": len(profile.devices)},
    )
