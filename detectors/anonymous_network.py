"""Something comes over Tor, a VPN or a rented server, which this account does not use.

Sees: a successful login, a transaction or an account change over a network new to the account that the list files call Tor,
VPN or hosting.
Misses: anonymous networks that no list names, homes rented out as proxies, and a Tor exit inside a network that the
account knows. Lists that are stale, damaged or absent count for nothing: then every network is of unknown kind.
Fires falsely when: the owner turns on a VPN for the first time, or works on a server. An account whose new networks are
often of this kind is quiet: their share among its own new networks is the baseline.
When it fires: ask for the second factor when a new device comes with it. By itself it tells only that somebody hides an
address, which many honest people do.
"""

from __future__ import annotations

from math import log

from msgspec import Struct

from contracts.circumstances import Circumstance
from contracts.events import AccountChange, Activity, AnyEvent, Login, Network, Transaction
from contracts.findings import Finding, Reason, Spec, Tallies
from contracts.profile import Profile
from detectors.measures.stored import reads_version

SPEC = Spec(
    name="anonymous_network",
    event_types=(Login, Transaction, AccountChange),
    family="familiarity",
    reasons=(
        Reason(
            code="tor_network",
            en="This came over Tor, which hides where somebody is; {baseline} of this account's new networks did.",
            zh_cn="通过隐藏位置的 Tor 网络发起；本账户的新网络中此类占 {baseline}。",
        ),
        Reason(
            code="vpn_network",
            en="This came over a VPN not used here before; {baseline} of this account's new networks hide the place.",
            zh_cn="通过从未用过的 VPN 发起；本账户的新网络中隐藏位置的占 {baseline}。",
        ),
        Reason(
            code="hosting_network",
            en="This came from a rented server, not a home or phone; {baseline} of this account's new networks did.",
            zh_cn="来自租用的服务器，而不是家庭或手机网络；本账户的新网络中此类占 {baseline}。",
        ),
    ),
    attack=("T1090.003", "T1078"),
    wakes_on=Circumstance.NEW_NETWORK,
    learns_on=Circumstance.NEW_NETWORK | Circumstance.NEW_ADDRESS | Circumstance.MOVED,
)

_ANONYMOUS = frozenset({"tor", "vpn", "hosting"})
_KEY_BYTES = 4
_MAX_NETWORKS = 8


class Params(Struct, frozen=True):
    """What part of attackers, and of honest people's new networks, are of each kind: judged, not measured.

    The account's own share is shrunk to the population's as if `prior_strength_count` new networks had shown it.
    """

    least_logins_count: int = 3
    tor_attacker_share: float = 0.10
    tor_population_share: float = 0.005
    vpn_attacker_share: float = 0.30
    vpn_population_share: float = 0.10
    hosting_attacker_share: float = 0.30
    hosting_population_share: float = 0.03
    prior_strength_count: float = 3.0
    least_nats: float = 0.3
    most_nats: float = 3.0


PARAMS = Params()


class Memory(Struct, array_like=True, frozen=True):
    """The last eight anonymous networks of the account, four bytes of each one's key."""

    networks: bytes = b""

    @property
    def count(self) -> int:
        """How many networks it holds."""
        return len(self.networks) // _KEY_BYTES


upgrade = reads_version(SPEC.version, Memory)


def observe(
    event: Activity, profile: Profile, tallies: Tallies, memory: Memory, params: Params
) -> Finding | None:
    """Weight: log of the attackers' share of such networks over the account's own, in nats."""
    network = event.network
    if not _is_anonymous(network) or profile.logins < params.least_logins_count:
        return None
    assert network is not None
    networks = profile.networks
    if event.network_key is None or event.network_key in networks:
        return None
    if isinstance(event, Login) and event.outcome != "success":
        return None
    attackers, population = _shares(network.kind, params)
    strength = params.prior_strength_count
    own = (memory.count + population * strength) / (max(len(networks), memory.count) + strength)
    weight = min(log(attackers / own), params.most_nats)
    if weight < params.least_nats:
        return None
    return SPEC.finding(
        reason=f"{network.kind}_network",
        weight=weight,
        value=network.kind,
        baseline=f"{own:.1%}",
        quarantine=True,
        facts={"known_networks": len(networks), "anonymous_networks": memory.count},
    )


def learn(event: AnyEvent, memory: Memory, params: Params) -> Memory:
    """Keeps the network of an anonymous kind that the event came over, unless it is kept already."""
    assert isinstance(event, Login | Transaction | AccountChange)
    key, place = event.network_key, event.place
    if key is None or not _is_anonymous(event.network) or place is None or place.latitude is None:
        return memory
    if isinstance(event, Login) and event.outcome != "success":
        return memory
    short, known = key[-_KEY_BYTES:], memory.networks
    for start in range(0, len(known), _KEY_BYTES):
        if known[start : start + _KEY_BYTES] == short:
            return memory
    return Memory((known + short)[-_MAX_NETWORKS * _KEY_BYTES :])


def _is_anonymous(network: Network | None) -> bool:
    return network is not None and network.kind in _ANONYMOUS


def _shares(kind: str, params: Params) -> tuple[float, float]:
    if kind == "tor":
        return params.tor_attacker_share, params.tor_population_share
    if kind == "vpn":
        return params.vpn_attacker_share, params.vpn_population_share
    return params.hosting_attacker_share, params.hosting_population_share
