"""A login whose address, network, browser and device, taken together, are more like a stranger's than like the owner's.

Sees: a successful login that brings a new address, network, country, user agent or device. Two ladders are weighed:
address, /24 or /48 prefix, network and country; device, user agent, browser, system and kind of device. A value never seen
is guessed from the rung above it, so a new address in the home network says less than one in a country never visited.
Misses: an attacker on the owner's own device, or on a copy of its id; malware behind the owner's own address.
Fires falsely when: the owner buys a phone while travelling. People whose addresses change all the time (mobile carriers,
relays) expect new ones; a VPN, hosting or Tor network halves what the place says, for and against.
When it fires: ask for the second factor, which also teaches address and device; if it is not passed, end the sessions of
the account and look at what came from that device within the hour.
"""

from __future__ import annotations

from math import exp

from msgspec import Struct

from contracts.circumstances import Circumstance
from contracts.events import Login
from contracts.findings import Finding, Reason, Spec, Tallies
from contracts.profile import Profile
from contracts.traits import LEVELS, TRAIT_BYTES, nothing
from detectors.measures.familiarity import Rung, ladder_nats

SPEC = Spec(
    name="unfamiliar_login",
    event_types=(Login,),
    family="familiarity",
    reasons=(
        Reason(
            code="unfamiliar_login",
            en="Neither the place nor the device is usual here: about {value} times likelier from a stranger.",
            zh_cn="登录的地点和设备都不是平时的；出自陌生人的可能约为本人的 {value} 倍。",
        ),
        Reason(
            code="unfamiliar_place",
            en="A login from a place or network that is not usual here: about {value} times likelier from a stranger.",
            zh_cn="登录的地点或网络不是平时的；出自陌生人的可能约为本人的 {value} 倍。",
        ),
        Reason(
            code="unfamiliar_device",
            en="A login on a device or browser that is not usual here: about {value} times likelier from a stranger.",
            zh_cn="登录的设备或浏览器不是平时的；出自陌生人的可能约为本人的 {value} 倍。",
        ),
    ),
    attack=("T1078",),
    wakes_on=(
        Circumstance.NEW_ADDRESS
        | Circumstance.NEW_AGENT
        | Circumstance.NEW_DEVICE
        | Circumstance.NEW_NETWORK
        | Circumstance.NEW_COUNTRY
    ),
)

_LOOSE = frozenset({"vpn", "hosting", "tor"})
_NOTHING = tuple(nothing(level) for level in LEVELS)
_ADDRESS, _PREFIX, _NETWORK, _COUNTRY, _, _AGENT, _BROWSER, _SYSTEM, _KIND, _DEVICE = range(len(LEVELS))
_Survey = tuple[list[float], list[float], list[int]]


class Params(Struct, frozen=True):
    """Shares of the population within the rung above, and shares of attackers who come with the victim's own value.

    Where only the order matters any share does; these are round figures: some fifty countries send logins, a country has
    ten large networks, a network 500 blocks of 256 addresses; two kinds of device, two systems and two or three browsers
    make up most of each (StatCounter 2025), a browser has about twenty versions in use. The copied shares say what an
    attacker knows: country and kind of device for certain, network and browser often, neighbourhood, address and
    device seldom. `prior_count` and `prior_per_value_count` make the strength of the guess 2 for one known value.
    """

    least_logins_count: int = 3
    prior_count: float = 1.5
    prior_per_value_count: float = 0.5
    country_share: float = 0.02
    network_share: float = 0.1
    prefix_share: float = 0.002
    address_share: float = 1.0 / 256.0
    kind_share: float = 0.45
    system_share: float = 0.4
    browser_share: float = 0.4
    agent_share: float = 0.05
    device_share: float = 0.001
    copied_country_share: float = 1.0
    copied_network_share: float = 0.7
    copied_prefix_share: float = 0.1
    copied_address_share: float = 0.02
    copied_kind_share: float = 1.0
    copied_system_share: float = 1.0
    copied_browser_share: float = 1.0
    copied_agent_share: float = 0.5
    copied_device_share: float = 0.02
    loose_ratio: float = 0.5
    least_nats: float = 0.3
    most_nats: float = 8.0
    least_part_nats: float = 0.5


PARAMS = Params()


def observe(event: Login, profile: Profile, tallies: Tallies, memory: None, params: Params) -> Finding | None:
    """Weight: nats of the place ladder and of the device ladder together, see `detectors.measures.familiarity`."""
    if event.outcome != "success" or profile.logins < params.least_logins_count:
        return None
    place, on, is_new = _parts(event, profile, params)
    weight = min(place + on, params.most_nats)
    if not is_new or weight < params.least_nats:
        return None
    strange_place, strange_device = place >= params.least_part_nats, on >= params.least_part_nats
    reason = "unfamiliar_login"
    if strange_place != strange_device:
        reason = "unfamiliar_place" if strange_place else "unfamiliar_device"
    return SPEC.finding(
        reason=reason,
        weight=weight,
        value=round(exp(weight)),
        threshold=round(exp(params.least_nats), 1),
        quarantine=True,
        facts={
            "place_nats": round(place, 2),
            "device_nats": round(on, 2),
            "logins": profile.logins,
            "network_kind": "unknown" if event.network is None else event.network.kind,
        },
    )


def _parts(event: Login, profile: Profile, params: Params) -> tuple[float, float, bool]:
    """Nats of place and of device, and whether anything the account remembers is new."""
    traits = event.traits
    known = counts, together, distinct = profile.traits.survey(traits, event.at)
    is_new = not (counts[_ADDRESS] and counts[_AGENT])
    tables = ((_NETWORK, event.network_key, profile.networks), (_DEVICE, event.device_key, profile.devices))
    for level, key, table in tables:
        if key is None:
            continue
        if key not in table:
            is_new = True
        elif not counts[level]:
            # Its trait was forgotten for newer ones, but the longer table remembers it.
            counts[level] = 1.0
            together[level] += 1.0
            distinct[level] += 1
    country = None if event.place is None else event.place.country
    is_new = is_new or (country is not None and country not in profile.countries)
    if not is_new:
        return 0.0, 0.0, False
    prior, per_value = params.prior_count, params.prior_per_value_count
    place = ladder_nats(_place_rungs(traits, known, params), prior, per_value)
    on = ladder_nats(_device_rungs(traits, known, params), prior, per_value)
    if event.network is not None and event.network.kind in _LOOSE:
        place *= params.loose_ratio
    return place, on, True


def _place_rungs(traits: bytes, known: _Survey, params: Params) -> list[Rung]:
    """Country to address; what is untold has no rung, because an unknown place says nothing."""
    counts, together, distinct = known
    return [
        Rung(counts[level], together[level], distinct[level], share, copied)
        for level, share, copied in (
            (_COUNTRY, params.country_share, params.copied_country_share),
            (_NETWORK, params.network_share, params.copied_network_share),
            (_PREFIX, params.prefix_share, params.copied_prefix_share),
            (_ADDRESS, params.address_share, params.copied_address_share),
        )
        if not _untold(traits, level)
    ]


def _device_rungs(traits: bytes, known: _Survey, params: Params) -> list[Rung]:
    """Kind of device to device; to tell nothing is a value too, which anybody can copy."""
    counts, together, distinct = known
    return [
        Rung(
            counts[level], together[level], distinct[level], share, 1.0 if _untold(traits, level) else copied
        )
        for level, share, copied in (
            (_KIND, params.kind_share, params.copied_kind_share),
            (_SYSTEM, params.system_share, params.copied_system_share),
            (_BROWSER, params.browser_share, params.copied_browser_share),
            (_AGENT, params.agent_share, params.copied_agent_share),
            (_DEVICE, params.device_share, params.copied_device_share),
        )
    ]


def _untold(traits: bytes, level: int) -> bool:
    key = traits[level * TRAIT_BYTES : (level + 1) * TRAIT_BYTES]
    return not key or key == _NOTHING[level]
