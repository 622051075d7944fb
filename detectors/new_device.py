"""A device this account has not used before.

Sees: a successful login, a transaction or an account change from a device key that is not among the account's devices, or
was last seen on it more than 90 days ago.
Misses: a device whose key was copied or stolen; everything when the wallet sends no device id.
Fires falsely when: the owner buys a phone, reinstalls the app or clears cookies. People who do so all the time weigh
less, because the share of new devices in their own history is the baseline; so do accounts of a few days, which are still
gathering their devices.
When it fires: ask for the second factor, which also teaches the device; if it is not passed, look at what else came
from that device within the hour.
"""

from __future__ import annotations

from math import log

from contracts.circumstances import Circumstance
from contracts.events import AccountChange, Activity, Login, Transaction
from contracts.findings import Finding, Spec, Tallies, says
from contracts.profile import Profile
from contracts.sightings import TRUSTED_S
from detectors.measures.familiarity import NewThingParams, settled_new_share

SPEC = Spec(
    name="new_device",
    event_types=(Login, Transaction, AccountChange),
    family="familiarity",
    reasons=says(
        en="A device not used here before; {baseline} of this account's visits were on a new one.",
        zh_cn="使用了从未见过的设备；此前本账户换新设备的比例为 {baseline}。",
    ),
    attack=("T1078",),
    wakes_on=Circumstance.NEW_DEVICE,
)


class Params(NewThingParams, frozen=True, kw_only=True):
    """An attacker's device is new with `attacker_new_share`; weights below `least_nats` are not worth a word.

    After n sightings the next is on a new device with at least gathering / (n + gathering), `gathering_count`.
    """

    gathering_count: float = 0.5


PARAMS = Params(population_new_share=0.04, most_nats=5.0)


def observe(
    event: Activity, profile: Profile, tallies: Tallies, memory: None, params: Params
) -> Finding | None:
    """Weight: log of the attacker's share of new devices over the account's own, in nats."""
    key = event.device_key
    if key is None:
        return None
    devices = profile.devices
    seen = devices.get(key)
    if seen is not None and event.at - seen.last_at <= TRUSTED_S:
        return None
    if isinstance(event, Login) and event.outcome != "success":
        return None
    own = settled_new_share(devices, profile.logins, params, params.gathering_count)
    if own is None:
        return None
    weight = min(log(params.attacker_new_share / own), params.most_nats)
    if weight < params.least_nats:
        return None
    return SPEC.finding(
        weight=weight,
        value=1,
        baseline=f"{own:.1%}",
        quarantine=True,
        facts={"known_devices": len(devices)},
    )
