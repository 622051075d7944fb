"""Fills what an event did not bring: place, network, device, and the keyed hashes that memory is named by.

Called once a batch. Answers are cached by address and by text, so an event of a known address costs about a
microsecond. Derived keys are always set here, whatever the wire said. Nothing here fails: what is not known is a state.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from datetime import date
from functools import lru_cache, partial
from pathlib import Path
from typing import TypeVar

from msgspec import Struct
from msgspec.structs import force_setattr, replace

from contracts.events import (
    Activity,
    AnyEvent,
    Device,
    Label,
    Network,
    Place,
    Transaction,
    is_place,
    what_can_be,
)
from contracts.profile import Key
from contracts.traits import NO_TRAITS, TRAIT_BYTES, WITH, nothing
from services.enrichment.clients import client_of, identity, names_no_device
from services.enrichment.geo import GeoDatabase, GeoStatus
from services.enrichment.network_lists import MAX_AGE_DAYS, Address, Kind, ListStatus, NetworkLists
from services.enrichment.user_agents import UserAgents
from services.memory.pseudonyms import Pseudonyms, asn_key
from services.platform import metrics

PLACE_UNAVAILABLE = "place_unavailable"
NETWORK_UNAVAILABLE = "network_unavailable"
PLACE_MALFORMED = "place_malformed"
PLACE_STALE = "place_stale"
NETWORK_STALE = "network_stale"
ADDRESS_NOT_PUBLIC = "address_not_public"
ADDRESS_MALFORMED = "address_malformed"

_NAMES = (
    PLACE_UNAVAILABLE,
    NETWORK_UNAVAILABLE,
    PLACE_MALFORMED,
    PLACE_STALE,
    NETWORK_STALE,
    ADDRESS_NOT_PUBLIC,
    ADDRESS_MALFORMED,
)
_NO_PLACE, _NO_NETWORK, _BAD_PLACE, _OLD_PLACE, _OLD_NETWORK, _NOBODY, _NO_ADDRESS = (
    1 << bit for bit in range(len(_NAMES))
)
#: One shared tuple per combination of states.
_STATES = tuple(
    tuple(name for bit, name in enumerate(_NAMES) if mask >> bit & 1) for mask in range(1 << len(_NAMES))
)

_log = logging.getLogger(__name__)
_told: set[str] = set()
_PLACEHOLDERS = metrics.DEVICES_IGNORED.labels("placeholder")
_IGNORED = {fault: metrics.ADDRESSES_IGNORED.labels(fault) for fault in ("not_public", "malformed")}
_TOLD = {
    "not_public": "the address of some events is private, shared or local: it names nobody; let the proxy pass the client's on",
    "malformed": "the address of some events cannot be read",
}

CACHED_ADDRESSES = 100_000
CACHED_AGENTS = 20_000
CACHED_NUMBERS = 100_000
CACHED_KEYS = 200_000


class EnrichmentStatus(Struct, frozen=True):
    """What each source can answer, for health pages; `ready` and `used` are the good states."""

    places: GeoStatus
    networks: GeoStatus
    lists: tuple[ListStatus, ...]
    user_agents: str


class _Known(Struct, frozen=True, gc=False):
    """What one address says; `place_states` and `network_states` apply when the event brings none of its own."""

    ip_key: bytes | None
    network_key: bytes | None
    place: Place | None
    network: Network | None
    place_states: int
    network_states: int
    address: Address | None
    states: int = 0
    traits: bytes = NO_TRAITS[: 2 * TRAIT_BYTES]


class _Agent(Struct, frozen=True, gc=False):
    """What one user agent says."""

    device: Device | None
    traits: bytes


Answer = TypeVar("Answer", bound="_Known | _Agent | Key | None")
_NOWHERE = _Known(None, None, None, None, 0, 0, None)
_PRIVATE = _Known(None, None, None, None, 0, 0, None, _NOBODY)
_NO_AGENT_TRAITS = NO_TRAITS[WITH][: 4 * TRAIT_BYTES]


class _Recent(dict[str, Answer]):
    """A bounded cache: a miss asks `answer`; when full, the half not asked for longest goes.

    Two generations instead of an ordered list: a hit on the young one is a single dict look-up.
    """

    def __init__(self, answer: Callable[[str], Answer], bound: int) -> None:
        super().__init__()
        self._answer = answer
        self._half = max(1, bound // 2)
        self._old: dict[str, Answer] = {}

    def __missing__(self, text: str) -> Answer:
        found = self._old.get(text)
        if found is None:
            found = self._answer(text)
        if len(self) >= self._half:
            self._old = dict(self)
            self.clear()
        self[text] = found
        return found


class Enricher:
    """Enrichment from the configured sources; every one of them may be absent.

    `as_of` is the day staleness is judged against. A source that cannot be opened is logged once and shown by `status`.
    """

    def __init__(
        self,
        pseudonyms: Pseudonyms,
        geo_city: Path | None,
        geo_asn: Path | None,
        network_lists: Path | None,
        user_agents: UserAgents,
        *,
        as_of: date,
        max_age_days: int = MAX_AGE_DAYS,
    ) -> None:
        self._key_of = pseudonyms.key_of
        self._prefix_key = pseudonyms.prefix_key
        self._asn_key = lru_cache(maxsize=CACHED_NUMBERS)(asn_key)
        self._city = GeoDatabase(geo_city, as_of, max_age_days)
        self._asn = GeoDatabase(geo_asn, as_of, max_age_days)
        self._lists = NetworkLists(network_lists, as_of, max_age_days)
        self._user_agents = user_agents
        self._addresses: _Recent[_Known] = _Recent(self._ask_address, CACHED_ADDRESSES)
        self._agents: _Recent[_Agent] = _Recent(self._ask_agent, CACHED_AGENTS)
        self._told_agents = lru_cache(maxsize=CACHED_AGENTS)(self._agent_traits)
        self._devices: _Recent[Key | None] = _Recent(self._ask_device, CACHED_KEYS)
        self._payees: _Recent[Key] = _Recent(partial(pseudonyms.key_of, "payee"), CACHED_KEYS)

    def enrich(self, events: Sequence[AnyEvent]) -> list[tuple[str, ...]]:
        """Fill the events in place; the states of each event, in order (shared tuples, mostly empty)."""
        return [
            _STATES[self._fill(event)] if isinstance(event, Activity) else self._name(event)
            for event in events
        ]

    def status(self) -> EnrichmentStatus:
        """What each source can answer now."""
        return EnrichmentStatus(
            self._city.status, self._asn.status, tuple(self._lists.status), self._user_agents.status()
        )

    def close(self) -> None:
        """Give the databases back."""
        self._city.close()
        self._asn.close()

    def _name(self, event: AnyEvent) -> tuple[str, ...]:
        if isinstance(event, Label):
            payee = event.payee_id
            force_setattr(event, "payee_key", None if payee is None else self._payees[payee])
        return ()

    def _fill(self, event: Activity) -> int:
        known = self._addresses[event.ip] if event.ip is not None else _NOWHERE
        force_setattr(event, "ip_key", known.ip_key)
        states, place = known.states, event.place
        if place is not None and not is_place(place):
            states, place = states | _BAD_PLACE, what_can_be(place)
            force_setattr(event, "place", place)
        if place is None:
            force_setattr(event, "place", known.place)
            states |= known.place_states if not states & _BAD_PLACE else known.place_states & _OLD_PLACE
        network = event.network
        if network is None:
            force_setattr(event, "network", known.network)
            force_setattr(event, "network_key", known.network_key)
            states |= known.network_states
        else:
            asn = network.asn
            own_key = self._asn_key(asn) if asn is not None else None
            force_setattr(event, "network_key", own_key or known.network_key)
            if self._lists.active and network.kind == "unknown":
                force_setattr(event, "network", self._with_kind(network, known.address))
        device_key, device_id = None, event.device_id
        if device_id is not None and (device_key := self._devices[device_id]) is None:
            _PLACEHOLDERS.inc()
        force_setattr(event, "device_key", device_key)
        force_setattr(event, "address_traits", known.traits)
        user_agent = event.user_agent
        if event.device is not None:
            force_setattr(event, "agent_traits", self._told_agents(user_agent, event.device))
        elif user_agent is not None:
            agent = self._agents[user_agent]
            force_setattr(event, "device", agent.device)
            force_setattr(event, "agent_traits", agent.traits)
        else:
            force_setattr(event, "agent_traits", _NO_AGENT_TRAITS)
        if event.traits:
            force_setattr(event, "traits", b"")
        if event.__class__ is Transaction:
            payee = event.payee_id
            force_setattr(event, "payee_key", None if payee is None else self._payees[payee])
        return states if states < _NOBODY else _counted(states)

    def _ask_device(self, device_id: str) -> Key | None:
        """The key of a device; None for a text that names none."""
        if names_no_device(device_id):
            _tell("placeholder", "the device id of some events is a placeholder and names no device")
            return None
        return self._key_of("device", device_id)

    def _ask_agent(self, user_agent: str) -> _Agent:
        device = self._user_agents.device(user_agent)
        return _Agent(device, self._agent_traits(user_agent, device))

    def _agent_traits(self, user_agent: str | None, device: Device) -> bytes:
        kind = None if device.kind == "unknown" else device.kind
        named = (("agent", user_agent), ("browser", device.browser), ("system", device.os), ("kind", kind))
        return b"".join(
            nothing(level) if text is None else self._key_of(level, text)[:TRAIT_BYTES]
            for level, text in named
        )

    def _with_kind(self, network: Network, address: Address | None) -> Network:
        """The event's own network; lists tell its kind when the event does not."""
        kind = self._lists.kind_of(address, network.asn)
        return network if kind == "unknown" else replace(network, kind=kind)

    def _ask_address(self, ip: str) -> _Known:
        client = client_of(ip)
        address = client.address
        if address is None:
            if client.fault == "not_public":
                return _PRIVATE
            return _Known(None, None, None, None, _NO_PLACE, _NO_NETWORK, None, _NO_ADDRESS)
        place = self._city.place(address)
        asn, name = self._asn.network(address)
        kind: Kind = self._lists.kind_of(address, asn)
        network = Network(asn, name, kind) if asn is not None or kind != "unknown" else None
        text = str(address)
        own_key = self._asn_key(asn) if asn is not None else None
        ip_key = self._key_of("ip", text if address.version == 4 else identity(address))
        prefix_key = self._prefix_key(text)
        prefix = nothing("prefix") if prefix_key is None else prefix_key[:TRAIT_BYTES]
        return _Known(
            ip_key=ip_key,
            network_key=own_key or prefix_key,
            place=place,
            network=network,
            place_states=_NO_PLACE if place is None else _OLD_PLACE * self._city.stale,
            network_states=_NO_NETWORK
            if network is None
            else _OLD_NETWORK * (self._asn.stale and asn is not None),
            address=address,
            traits=ip_key[:TRAIT_BYTES] + prefix,
        )


def _counted(states: int) -> int:
    """Count an address that is nobody's or none, and say it once in the life of the process."""
    fault = "not_public" if states & _NOBODY else "malformed"
    _IGNORED[fault].inc()
    _tell(fault, _TOLD[fault])
    return states


def _tell(what: str, message: str) -> None:
    if what not in _told:
        _told.add(what)
        _log.warning("%s; from now on only counted", message)
