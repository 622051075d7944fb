"""An account that slept for long wakes up on a device or network that is not its own.

Sees: the first successful logins, account changes and outgoing money after sixty days or more without anything that was
learned of the account, from a new device or a new network. Held events teach nothing, so the thief's money is seen like the
thief's login.
Misses: a thief who wakes the account from the owner's device; accounts that were never used often enough to sleep.
Fires falsely when: people come back after months with a new phone, which is common: the weight is small, and the pace of
people who come seldom is their own measure.
When it fires: ask for the second factor; do not lower any other check because the account has no recent complaints.
"""

from __future__ import annotations

from math import log

from msgspec import Struct

from contracts.circumstances import Circumstance
from contracts.events import AccountChange, Activity, Login, Transaction
from contracts.findings import Finding, Spec, Tallies, says
from contracts.profile import DAY_S, Profile
from detectors.measures.steps import money_may_leave

SPEC = Spec(
    name="dormant_account",
    event_types=(Login, Transaction, AccountChange),
    family="dormancy",
    reasons=says(
        en="Nothing for {value} days, and now this from somewhere new; usually {baseline} days at most.",
        zh_cn="账户已有 {value} 天没有活动，现在从陌生的设备或网络发起操作；平时最长约间隔 {baseline} 天。",
    ),
    attack=("T1078",),
    wakes_on=Circumstance.NEW_DEVICE | Circumstance.NEW_NETWORK,
)


class Params(Struct, frozen=True):
    """An account sleeps after `dormant_s` and after `pace_ratio` times its own mean time between events.

    Thieves choose sleeping accounts and honest people come back: `first_nats` at that time, `growth_nats` more for each
    factor e, and `known_device_ratio` of it where only the network is new.
    """

    dormant_s: float = 60.0 * DAY_S
    pace_ratio: float = 8.0
    least_logins_count: int = 3
    first_nats: float = 1.0
    growth_nats: float = 1.0
    most_nats: float = 2.5
    known_device_ratio: float = 0.5


PARAMS = Params()


def observe(
    event: Activity, profile: Profile, tallies: Tallies, memory: None, params: Params
) -> Finding | None:
    """Weight: first_nats + growth_nats * log(time asleep / time from which the account counts as asleep)."""
    since = event.at - params.dormant_s
    if profile.last_at > event.at or profile.logins < params.least_logins_count or profile.first_at > since:
        return None
    devices, networks = profile.devices, profile.networks
    seen_at = max([seen.last_at for seen in (*devices.values(), *networks.values())], default=0)
    if not 0 < seen_at <= since:
        return None
    if isinstance(event, Login):
        if event.outcome != "success":
            return None
    elif isinstance(event, Transaction) and not money_may_leave(event, profile):
        return None
    new_device = event.device_key is not None and event.device_key not in devices
    if not new_device and (event.network_key is None or event.network_key in networks):
        return None
    asleep_s = event.at - seen_at
    usual_s = params.pace_ratio * max(seen_at - profile.first_at, 0.0) / max(profile.events, 1)
    from_s = max(params.dormant_s, usual_s)
    if asleep_s < from_s:
        return None
    weight = min(params.first_nats + params.growth_nats * log(asleep_s / from_s), params.most_nats)
    return SPEC.finding(
        weight=weight if new_device else weight * params.known_device_ratio,
        value=round(asleep_s / DAY_S),
        baseline=max(round(usual_s / DAY_S), 1),
        threshold=round(from_s / DAY_S),
        quarantine=True,
    )
