"""Addresses that did too little to be suspicious alone, and belong to a wave by its networks, its devices and its time. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from msgspec import Struct

from services.attacks.judging import Member, Pair
from services.attacks.waves import Source

#: So long before the first attempt of the others, and after their last.
_EDGE_S = 600.0
#: A device is the wave's when it failed on so many accounts.
_DEVICE_ACCOUNTS = 3
#: A network is the wave's when so many of its addresses are, and accounts fail at them so many times as often as at its others.
_NETWORK_SOURCES, _NETWORK_RATIO = 2, 4


class _Marks(Struct, frozen=True):
    """By what an attempt is a wave's."""

    first_at: float
    last_at: float
    networks: Mapping[bytes, int]
    devices: frozenset[bytes]

    def weight(self, pair: Pair) -> int:
        """How surely these attempts are the wave's; 0: nothing says so."""
        if any(each.device in self.devices for each in pair.tries):
            return 1 << 30
        return max((self.networks.get(each.network or b"", 0) for each in pair.tries), default=0)


def small_members(
    groups: Sequence[Sequence[Member]], small: Mapping[Source, Sequence[Pair]]
) -> list[list[Member]]:
    """Each group with what of the small addresses belongs to it: to one group at most."""
    marks = [_marks(group, small) for group in groups]
    joined: list[defaultdict[Source, list[Pair]]] = [defaultdict(list) for _ in groups]
    for source, pairs in sorted(small.items()):
        for pair in pairs:
            inside = [_within(pair, each) for each in marks]
            weights = [
                0 if part is None else each.weight(part) for part, each in zip(inside, marks, strict=True)
            ]
            if weights and (most := max(weights)):
                best = weights.index(most)
                part = inside[best]
                assert part is not None
                joined[best][source].append(part)
    return [
        [*group, *(Member(source, tuple(pairs)) for source, pairs in more.items())]
        for group, more in zip(groups, joined, strict=True)
    ]


def _within(pair: Pair, marks: _Marks) -> Pair | None:
    tries = tuple(each for each in pair.tries if marks.first_at <= each.first_at <= marks.last_at)
    return Pair(pair.account_id, tries, pair.familiar, pair.resolved) if tries else None


def _marks(group: Sequence[Member], small: Mapping[Source, Sequence[Pair]]) -> _Marks:
    times = [at for member in group for at in member.times]
    first_at, last_at = min(times) - _EDGE_S, max(times) + _EDGE_S
    bare = _Marks(first_at, last_at, {}, frozenset())
    sources = _by_network((member.source, pair) for member in group for pair in member.pairs)
    others = _by_network(
        (source, part) for source, pairs in small.items() for pair in pairs if (part := _within(pair, bare))
    )
    networks = {}
    for network, theirs in sources.items():
        accounts = len({account for _, account in theirs})
        rest = len({account for _, account in others.get(network, ())})
        if len({source for source, _ in theirs}) >= _NETWORK_SOURCES and accounts >= _NETWORK_RATIO * rest:
            networks[network] = accounts
    devices: defaultdict[bytes, set[str]] = defaultdict(set)
    for pair in (pair for member in group for pair in member.pairs):
        for each in pair.tries:
            if each.device is not None:
                devices[each.device].add(pair.account_id)
    many = frozenset(device for device, names in devices.items() if len(names) >= _DEVICE_ACCOUNTS)
    return _Marks(first_at, last_at, networks, many)


def _by_network(pairs: Iterable[tuple[Source, Pair]]) -> dict[bytes, set[tuple[Source, str]]]:
    found: defaultdict[bytes, set[tuple[Source, str]]] = defaultdict(set)
    for source, pair in pairs:
        for each in pair.tries:
            if each.network is not None:
                found[each.network].add((source, pair.account_id))
    return dict(found)
