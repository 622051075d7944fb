"""One device that logs in to many accounts.

Sees: five or more accounts that logged in from one device within one to two weeks, at each login and each transfer or
cash-out; an account new to the device weighs more than one that has used it for days.
Misses: payments to shops; a device for every account, and tools that invent a new device id each time; everything while
the counts are away.
Fires falsely when: a shop's terminal or a library's computer serves many; a family's tablet with two to four accounts stays
quiet, and an account that has used the device for two weeks weighs nothing.
When it fires: ask for the second factor; look at the other accounts of the device together.
"""

from __future__ import annotations

from math import log

from msgspec import Struct

from contracts.circumstances import Circumstance
from contracts.events import Login, Transaction
from contracts.findings import Finding, Spec, Tallies, TallyWanted, says
from contracts.profile import HOUR_S, Profile
from detectors.measures.counted_accounts import device, is_success

TALLY = "accounts_on_device"
BUCKET_S = 7 * 86_400
#: Nothing is asked below it: a threshold under it has no effect.
LEAST_COUNT = 3
MOST_COUNT = 50

SPEC = Spec(
    name="shared_device",
    event_types=(Login, Transaction),
    family="familiarity",
    reasons=says(
        en="The device logged in to {value} accounts within two weeks; limit {threshold}.",
        zh_cn="该设备两周内登录过 {value} 个账户，上限为 {threshold} 个。",
    ),
    attack=("T1078",),
    tally=TallyWanted(
        name=TALLY,
        event_types=(Login, Transaction),
        key=device,
        adds=is_success,
        bucket_s=BUCKET_S,
        least_count=LEAST_COUNT,
        most_count=MOST_COUNT,
    ),
    wakes_on=Circumstance.COUNTED,
)


class Params(Struct, frozen=True):
    """The weight is `threshold_nats` on the threshold and grows by `growth_nats` for each factor e.

    An account that knows the device weighs `known_ratio` of it, and nothing once it has known it for `known_h`.
    """

    threshold_count: int = 5
    threshold_nats: float = 2.0
    growth_nats: float = 1.2
    known_ratio: float = 0.5
    known_h: float = 336.0
    most_nats: float = 4.5


PARAMS = Params()


def observe(
    event: Login | Transaction, profile: Profile, tallies: Tallies, memory: None, params: Params
) -> Finding | None:
    """Reads how many accounts logged in from the event's device this week and the week before."""
    count = tallies.get(TALLY)
    if count is None or count < params.threshold_count or event.device_key is None:
        return None
    weight = params.threshold_nats + params.growth_nats * log(count / params.threshold_count)
    weight = min(weight, params.most_nats)
    known = profile.devices.get(event.device_key)
    if known is not None:
        if event.at - known.first_at >= params.known_h * HOUR_S:
            return None
        weight *= params.known_ratio
    return SPEC.finding(
        weight=weight,
        value=count,
        threshold=params.threshold_count,
    )
