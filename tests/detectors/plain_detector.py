"""A login from a strange device: a detector that keeps every check, from which the bad ones are made.

Sees: a login from a device that was not there before.
Misses: everything that is not a login.
Fires falsely when: the owner buys a phone.
When it fires: ask for the second factor.
"""

from __future__ import annotations

from msgspec import Struct

from contracts.events import Login
from contracts.findings import Finding, Reason, Spec, Tallies
from contracts.profile import Profile

SPEC = Spec(
    name="plain_detector",
    version=1,
    event_types=(Login,),
    family="device",
    reasons=(Reason(code="strange", en="A strange device.", zh_cn="从未见过的设备。"),),
)


class Params(Struct, frozen=True):
    """The weight of a strange device."""

    strange_nats: float = 1.0


PARAMS = Params()


def observe(event: Login, profile: Profile, tallies: Tallies, memory: None, params: Params) -> Finding | None:
    """Fires on a device the account does not know."""
    if not profile.devices or event.device_key is None or event.device_key in profile.devices:
        return None
    return SPEC.finding(weight=params.strange_nats)
