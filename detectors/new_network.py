"""A network this account has not logged in from before.

Sees: a successful login over a network (ASN, or address prefix where the ASN is unknown) the account has no memory of.
Misses: an attacker on the victim's own provider, the common case for big carriers, or one with a copy of the victim's device
in the victim's own city.
Fires falsely when: the owner is in a new café, at a new job, or roams. Mobile carriers and relays change under people's
feet and weigh half. On the account's own device in its own city it says nothing: what is strange about such a login is one
fact, which `unfamiliar_login` weighs whole; nor does it over a network that hides the place, which `anonymous_network` weighs.
When it fires: nothing on its own; it adds to a new device or a new country in the same event.
"""

from __future__ import annotations

from math import log

from contracts.circumstances import Circumstance
from contracts.events import Login
from contracts.findings import Finding, Spec, Tallies, says
from contracts.profile import Profile
from detectors.measures.counted_accounts import SHARED_NETWORKS
from detectors.measures.familiarity import NewThingParams, settled_new_share
from detectors.measures.places import in_own_city, own_device_hides

SPEC = Spec(
    name="new_network",
    event_types=(Login,),
    family="familiarity",
    reasons=says(
        en="A login over a network not used before; {baseline} of this account's visits were over a new one.",
        zh_cn="通过从未用过的网络登录；此前本账户换新网络的比例为 {baseline}。",
    ),
    attack=("T1078",),
    wakes_on=Circumstance.NEW_NETWORK,
)


class Params(NewThingParams, frozen=True, kw_only=True):
    """`shifting_ratio` is what a network counts that owners change without noticing (mobile, relay, satellite).

    A place within `own_city_km` of one where the account has been is its own city.
    """

    shifting_ratio: float = 0.5
    own_city_km: float = 50.0


PARAMS = Params(population_new_share=0.1, most_nats=2.0)


def observe(event: Login, profile: Profile, tallies: Tallies, memory: None, params: Params) -> Finding | None:
    """Weight: log of the attacker's share of new networks over the account's own, in nats."""
    key = event.network_key
    if key is None:
        return None
    networks = profile.networks
    if key in networks or event.outcome != "success":
        return None
    if own_device_hides(event, profile):
        return None
    if event.device_key in profile.devices and in_own_city(event, profile.fixes, params.own_city_km):
        return None
    own = settled_new_share(networks, profile.logins, params)
    if own is None:
        return None
    weight = min(log(params.attacker_new_share / own), params.most_nats)
    kind = "unknown" if event.network is None else event.network.kind
    if kind in SHARED_NETWORKS:
        weight *= params.shifting_ratio
    if weight < params.least_nats:
        return None
    return SPEC.finding(
        weight=weight,
        value=1,
        baseline=f"{own:.1%}",
        facts={"known_networks": len(networks), "network_kind": kind},
    )
