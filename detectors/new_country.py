"""A country this account has not logged in from before.

Sees: a successful login placed in a country that is not among the account's countries.
Misses: an attacker who rents an address in the victim's country.
Fires falsely when: the owner travels, or the place database is wrong. Free databases disagree on about one address in
sixteen, so that share is the floor of the baseline and one country change alone never blocks. The address the account
was last seen at, or a network it knows well, has not moved because the database says so. VPN, hosting, Tor, relay,
mobile and satellite networks weigh less, because their place says little of the person's; on the account's own device a
network that hides the place says nothing of the country, and `anonymous_network` weighs it whole.
When it fires: ask for the second factor when a new device or impossible travel comes with it; else tell the owner.
"""

from __future__ import annotations

from math import log

from contracts.circumstances import Circumstance
from contracts.events import Login
from contracts.findings import Finding, Spec, Tallies, says
from contracts.profile import Profile
from detectors.measures.familiarity import NewThingParams, settled_new_share
from detectors.measures.places import own_device_hides

SPEC = Spec(
    name="new_country",
    event_types=(Login,),
    family="familiarity",
    reasons=says(
        en="A login from {value}, where this account has not been; usually {baseline}.",
        zh_cn="从 {value} 登录，本账户从未在那里登录过；平时在 {baseline}。",
    ),
    attack=("T1078",),
    wakes_on=Circumstance.NEW_COUNTRY,
)

_LOOSE = frozenset({"vpn", "hosting", "tor", "relay", "mobile", "satellite"})


class Params(NewThingParams, frozen=True, kw_only=True):
    """`database_error_share`: how often a place database names the wrong country; `loose_ratio`: what a VPN leaves."""

    database_error_share: float = 1.0 / 16.0
    loose_ratio: float = 0.5
    known_network_ratio: float = 0.25


PARAMS = Params(
    population_new_share=0.01,
    attacker_new_share=0.8,
    prior_strength_count=10.0,
    least_nats=0.2,
    most_nats=2.6,
)


def observe(event: Login, profile: Profile, tallies: Tallies, memory: None, params: Params) -> Finding | None:
    """Weight: log of the attacker's share of new countries over the account's and the database's errors, in nats."""
    country = None if event.place is None else event.place.country
    countries = profile.countries
    if country is None or country in countries or event.outcome != "success":
        return None
    if event.ip_key is not None and profile.fixes.knows(event.ip_key):
        return None
    if own_device_hides(event, profile):
        return None
    own = settled_new_share(countries, profile.logins, params)
    if own is None:
        return None
    wrong = params.database_error_share
    weight = min(log(params.attacker_new_share / (own + wrong - own * wrong)), params.most_nats)
    kind = "unknown" if event.network is None else event.network.kind
    if kind in _LOOSE:
        weight *= params.loose_ratio
    if event.network_key in profile.networks:
        weight *= params.known_network_ratio
    if weight < params.least_nats:
        return None
    known = countries.items()
    return SPEC.finding(
        weight=weight,
        value=country,
        baseline=max(known, key=lambda seen: seen[1].count)[0],
        quarantine=True,
        facts={"known_countries": len(known), "network_kind": kind},
    )
