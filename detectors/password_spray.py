"""Failed logins on many accounts from one network over a day, few on each.

Sees: failed logins on thirty or more accounts from one network within one to two days, on accounts that failed at most
three times themselves; a success from such a network on a device that the account does not know weighs more.
Misses: attackers with a network for every few accounts; large networks in which many people fail every day (ten times the
threshold for carriers, relays and satellites, three times where the account is at home); everything while the counts are away.
Fires falsely when: a campus, an office or a carrier locks many out at once. It never fires on a success from a device that
the account knows, and shares its family with credential_stuffing, so that the two do not add up.
When it fires: slow logins from the network at the edge; look which of its logins succeeded today.
"""

from __future__ import annotations

from contracts.circumstances import Circumstance
from contracts.events import Login
from contracts.findings import Finding, Reason, Spec, Tallies
from contracts.profile import DAY_S, Profile
from detectors.measures.counted_accounts import (
    SHARED_NETWORKS,
    FailingParams,
    accounts_failing,
    network,
    network_kind,
    too_many_fail,
)

TALLY = "accounts_failing_in_network"
BUCKET_S = 86_400
#: Nothing is asked below it: a threshold under it has no effect.
LEAST_COUNT = 10

SPEC = Spec(
    name="password_spray",
    event_types=(Login,),
    family="credentials",
    reasons=(
        Reason(
            code="spray_attempt",
            en="A failed login from a network that failed on {value} accounts in two days; limit {threshold}.",
            zh_cn="登录失败；该网络两天内已在 {value} 个账户上登录失败，上限为 {threshold} 个。",
        ),
        Reason(
            code="spray_success",
            en="A login on a new device from a network that failed on {value} accounts in two days; limit {threshold}.",
            zh_cn="新设备登录成功，而该网络两天内已在 {value} 个账户上登录失败，上限为 {threshold} 个。",
        ),
    ),
    attack=("T1110.003",),
    tally=accounts_failing(TALLY, network, BUCKET_S, LEAST_COUNT),
    wakes_on=Circumstance.COUNTED,
)

_HOMES = frozenset({"residential", "unknown"})


class Params(FailingParams, frozen=True, kw_only=True):
    """From how many accounts on it speaks, more where many people are, and how many own failures are the owner's."""

    threshold_count: int = 30
    home_ratio: float = 3.0
    shared_ratio: float = 10.0
    most_failures_count: int = 3


PARAMS = Params(attempt_nats=1.0, success_nats=2.5, growth_nats=0.6, most_nats=4.5)


def observe(event: Login, profile: Profile, tallies: Tallies, memory: None, params: Params) -> Finding | None:
    """Reads on how many accounts logins failed in the event's network today and yesterday."""
    count = tallies.get(TALLY)
    if count is None or count < params.threshold_count:
        return None
    if event.outcome == "success":
        if profile.knows_device(event.device_key):
            return None
    elif sum(when > event.at - DAY_S for when in profile.failures) >= params.most_failures_count:
        return None
    return too_many_fail(SPEC, event, count, _threshold(event, profile, params), params)


def _threshold(event: Login, profile: Profile, params: Params) -> int:
    """Many fail every day where many are: more is needed there."""
    kind = network_kind(event)
    ratio = 1.0
    if kind in SHARED_NETWORKS:
        ratio = params.shared_ratio
    elif kind in _HOMES and event.network_key in profile.networks:
        ratio = params.home_ratio
    return round(params.threshold_count * ratio)
