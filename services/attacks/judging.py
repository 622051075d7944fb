"""Which addresses fail where their owners do not: by the accounts that never come from there. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from services.attacks.waves import Known, Source, Tries, Use

HOUR_S = 3600.0
DAY_S = 86_400.0
#: So many strange accounts within an hour, or within the whole window, make an address suspicious.
LEAST_IN_AN_HOUR, LEAST_AT_ALL = 3, 8
#: Of a network that puts many people behind one address, so many times as many.
SHARED_RATIO = 4
SHARED_NETWORKS = frozenset({"mobile", "relay", "satellite"})
#: At least so much of what fails there must be strange: where owners fail too, a password or a service has changed.
STRANGE_SHARE = 0.5
#: Where the attempt itself takes a login, only what was used for longer is the owner's.
SETTLED_S = DAY_S


class Pair(Struct, frozen=True):
    """An account at an address: its attempts there in order of time, and whose they look like.

    `familiar`: the account was used from there, or on that device, before. `resolved`: it was not, but then it was.
    """

    account_id: str
    tries: tuple[Tries, ...]
    familiar: bool
    resolved: bool

    @property
    def strange(self) -> bool:
        """Nothing says that its owner ever comes from there."""
        return not self.familiar and not self.resolved

    @property
    def first_at(self) -> float:
        return self.tries[0].first_at


class Member(Struct, frozen=True):
    """An address with those of its accounts that are not there as their owners are, within one stretch of time."""

    source: Source
    pairs: tuple[Pair, ...]

    @property
    def times(self) -> list[float]:
        """When it tried, in order."""
        return sorted(each.first_at for pair in self.pairs for each in pair.tries)


def suspicious(pairs: Sequence[Pair], network_kind: str) -> bool:
    """Whether the address fails on accounts in the way of somebody whose they are not."""
    strange = sorted(pair.first_at for pair in pairs if pair.strange)
    if len(strange) < STRANGE_SHARE * len(pairs):
        return False
    ratio = SHARED_RATIO if network_kind in SHARED_NETWORKS else 1
    if len(strange) >= ratio * LEAST_AT_ALL:
        return True
    many = ratio * LEAST_IN_AN_HOUR
    return any(after - at <= HOUR_S for at, after in zip(strange, strange[many - 1 :], strict=False))


def in_minutes(tries: Iterable[Tries]) -> list[Tries]:
    """The attempts, those of one minute on an account from one address and device put together, in an order of their own."""
    found: dict[tuple[Any, ...], list[Tries]] = {}
    for each in tries:
        key = (each.tried, each.source, each.account_id, each.device, each.network, int(each.first_at // 60))
        found.setdefault(key, []).append(each)
    return [theirs[0] if len(theirs) == 1 else _together(theirs) for theirs in found.values()]


def _together(tries: Sequence[Tries]) -> Tries:
    first = min(tries, key=lambda each: (each.first_at, each.last_at, each.network_kind, each.country or ""))
    return replace(
        first, last_at=max(each.last_at for each in tries), count=sum(each.count for each in tries)
    )


def pairs_of(tries: Iterable[Tries], known: Known) -> dict[Source, list[Pair]]:
    """The accounts at each address, in order of their first attempts."""
    by_pair: defaultdict[tuple[Source, str], list[Tries]] = defaultdict(list)
    for each in tries:
        by_pair[each.source, each.account_id].append(each)
    found: defaultdict[Source, list[Pair]] = defaultdict(list)
    for (source, account_id), theirs in by_pair.items():
        theirs.sort(key=_order)
        found[source].append(_pair(account_id, theirs, known.get(account_id, ())))
    for pairs in found.values():
        pairs.sort(key=lambda pair: (pair.first_at, pair.account_id))
    return dict(found)


def worth_asking(tries: Sequence[Tries]) -> set[str]:
    """The accounts of which must be known where they come from: those at addresses where several fail, and at such as are of
    the networks and devices of these."""
    accounts: defaultdict[Source, set[str]] = defaultdict(set)
    for each in tries:
        accounts[each.source].add(each.account_id)
    several = {source for source, names in accounts.items() if len(names) >= LEAST_IN_AN_HOUR}
    networks = {each.network for each in tries if each.source in several} - {None}
    devices = {each.device for each in tries if each.source in several} - {None}
    return {
        each.account_id
        for each in tries
        if each.source in several or each.network in networks or each.device in devices
    }


def network_kinds(tries: Iterable[Tries]) -> Mapping[Source, tuple[str, str | None]]:
    """The kind of network of each address, and its country, by its last attempt."""
    newest: dict[Source, Tries] = {}
    for each in tries:
        if each.source not in newest or _order(each) > _order(newest[each.source]):
            newest[each.source] = each
    return {source: (each.network_kind, each.country) for source, each in newest.items()}


def is_owners(uses: Sequence[Use], source: Source, device: bytes | None, before: float, tried: str) -> bool:
    """Whether the account was used from the address, or on the device, before that time: not by the attempts themselves."""
    for use in uses:
        if use.source == source or (device is not None and use.device == device):
            if use.what == "login":
                since = before if tried == "password" else before - SETTLED_S
            elif use.what == "payment" and tried == "card":
                since = before
            else:
                continue
            if use.first_at < since:
                return True
    return False


def _pair(account_id: str, tries: list[Tries], uses: Sequence[Use]) -> Pair:
    first, source = tries[0], tries[0].source
    devices = {each.device for each in tries}
    familiar = any(is_owners(uses, source, each, first.first_at, first.tried) for each in devices)
    goes_through = {"password": "login", "code": "code", "card": "payment"}[first.tried]
    resolved = not familiar and any(
        use.what == goes_through
        and use.last_at >= first.first_at
        and (use.source == source or (use.device is not None and use.device in devices))
        for use in uses
    )
    return Pair(account_id, tuple(tries), familiar, resolved)


def _order(tries: Tries) -> tuple[float, float, bytes, bytes, int]:
    return (tries.first_at, tries.last_at, tries.device or b"", tries.network or b"", tries.count)
