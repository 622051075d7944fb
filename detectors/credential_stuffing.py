"""One address that fails on many accounts, and then perhaps succeeds on one.

Sees: failed logins on ten or more accounts from one address within ten to twenty minutes; a success from such an
address weighs more than a failure.
Misses: attackers with an address for every few accounts; everything while the counts are away (the decision says so).
Fires falsely when: a carrier, relay or satellite network puts many people behind one address (five times the threshold
there), or an office logs in after a mass password change. A success on a device the account knows weighs a quarter.
When it fires: block or slow the address at the edge; ask for the second factor where a login succeeded. The profile is
never touched, because counts depend on the order in which partitions are read.
"""

from __future__ import annotations

from contracts.circumstances import Circumstance
from contracts.events import Login
from contracts.findings import Finding, Reason, Spec, Tallies
from contracts.profile import Profile
from detectors.measures.counted_accounts import (
    SHARED_NETWORKS,
    FailingParams,
    accounts_failing,
    address,
    network_kind,
    too_many_fail,
)

TALLY = "accounts_failing_at_address"
BUCKET_S = 600
#: Nothing is asked below it: a threshold under it has no effect.
LEAST_COUNT = 5

SPEC = Spec(
    name="credential_stuffing",
    event_types=(Login,),
    family="credentials",
    reasons=(
        Reason(
            code="stuffing_attempt",
            en="A failed login from an address that failed on {value} accounts in {minutes} min; limit {threshold}.",
            zh_cn="登录失败；该地址在 {minutes} 分钟内已在 {value} 个账户上登录失败，上限为 {threshold} 个。",
        ),
        Reason(
            code="stuffing_success",
            en="A login from an address that failed on {value} accounts in {minutes} min; limit {threshold}.",
            zh_cn="登录成功，但该地址在 {minutes} 分钟内已在 {value} 个账户上登录失败，上限为 {threshold} 个。",
        ),
    ),
    attack=("T1110.004",),
    tally=accounts_failing(TALLY, address, BUCKET_S, LEAST_COUNT),
    wakes_on=Circumstance.COUNTED,
)


class Params(FailingParams, frozen=True, kw_only=True):
    """From how many accounts on it speaks, and what a known device leaves of a success."""

    threshold_count: int = 10
    shared_threshold_count: int = 50
    known_device_ratio: float = 0.25


PARAMS = Params(attempt_nats=1.5, success_nats=3.5, growth_nats=0.8, most_nats=6.0)


def observe(event: Login, profile: Profile, tallies: Tallies, memory: None, params: Params) -> Finding | None:
    """Reads how many accounts failed at the event's address in this ten-minute bucket and the one before."""
    count = tallies.get(TALLY)
    if count is None or count < params.threshold_count:
        return None
    shared = network_kind(event) in SHARED_NETWORKS
    return too_many_fail(
        SPEC,
        event,
        count,
        params.shared_threshold_count if shared else params.threshold_count,
        params,
        params.known_device_ratio if profile.knows_device(event.device_key) else 1.0,
        {"minutes": 2 * BUCKET_S // 60},
    )
