"""What single change would have let an event pass: the event, so changed, is judged again as the runner judged it. Pure.

Nothing is estimated from weights: a change is only stated when judging the changed event came to that answer. An amount
is found by halving between a hundredth of the amount and the amount itself, in the currency's minor units or steps of nine
digits, so the event passes just below it and does not at it. Counts across accounts whose key the change would replace are
left out as not known.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from math import ceil
from typing import Any, NamedTuple, TypeGuard, TypeVar

from msgspec import msgpack
from msgspec.structs import force_setattr, replace

from contracts.actions import RANK, STOPPING, Action
from contracts.amounts import canonical_amount, decimal_text, step_places
from contracts.decisions import Change, Counterfactual
from contracts.events import (
    AccountChange,
    AnyEvent,
    Login,
    Place,
    Transaction,
)
from contracts.findings import Tallies, Wanted
from contracts.profile import HOUR_S, Fix, Key, Profile, Sightings
from contracts.traits import AT, TRAIT_BYTES, WHERE, WITH
from detectors import Detector
from services.memory.glance import traits_of
from services.policy.policy import Policy
from services.scoring.plan import recalled

Came = Login | Transaction | AccountChange
#: A count that the event reads, what it is counted over, and its names among the event's tallies.
_Counted = tuple[Wanted, str | None, tuple[str, ...]]
_Came = TypeVar("_Came", Login, Transaction, AccountChange, Came)
#: What the runner answers for an event, were it this one, of this account, with these counts.
Judge = Callable[[AnyEvent, Profile, Tallies], Action]


class Chain(NamedTuple):
    """A detector that remembers account changes, and for how long they count."""

    window_s: float
    version: int
    recall: Callable[[Profile], Any]


#: By the detector's name.
Chains = Mapping[str, Chain]

#: An amount bound below this part of the amount helps nobody.
LEAST_SHARE = 0.01
#: Steps, of equal ratio, in which the amounts below a bound are looked through once more.
PROBES = 5
_NOTIFY = RANK["notify"]


def chains_of(detectors: Sequence[Detector], policy: Policy) -> Chains:
    """The detectors whose memory holds `changes` of the account."""
    found = {}
    for each in detectors:
        name, memory = each.spec.name, each.memory
        if memory is None or AccountChange not in each.taught_by or "changes" not in memory.__struct_fields__:
            continue
        window_s = getattr(policy.params_for(name, each.params), "window_s", 0.0)
        found[name] = Chain(window_s, each.spec.version, partial(recalled, each, name, memory()))
    return found


def may_pass(event: AnyEvent, action: Action) -> TypeGuard[Came]:
    """Whether there is anything to find: it was stopped, and not by itself; a notice lets the event pass."""
    if action not in STOPPING or not isinstance(event, Login | Transaction | AccountChange):
        return False
    if isinstance(event, Login):
        return event.outcome == "success"
    return not isinstance(event, Transaction) or event.status != "failed"


def counterfactuals(
    event: Came,
    action: Action,
    profile: Profile,
    tallies: Tallies,
    wanted: Sequence[Wanted],
    chains: Chains,
    judge: Judge,
) -> tuple[Counterfactual, ...]:
    """The single changes with which `event`, which got `action`, would have passed: without a challenge, hold or denial, or,
    where it was only noted, without a word.

    `profile` is the account before the event; it must be a copy, because judging may settle it.
    """
    counted = [
        (tally, tally.key(event), tally.names)
        for tally in wanted
        if tallies and event.__class__ in tally.event_types
    ]
    most = _NOTIFY if action in STOPPING else 0

    def passing(changed: Came, account: Profile = profile) -> Action | None:
        answer = judge(changed, account, _still_known(changed, tallies, counted))
        return answer if RANK[answer] <= most else None

    found: list[Counterfactual] = []
    if isinstance(event, Transaction):
        found += _amount_below(event, passing)
    for change, changed in _changed(event, profile):
        answer = passing(changed)
        if answer is not None:
            found.append(Counterfactual(change=change, action=answer))
    before = _unchanged(profile, chains)
    if before is not None:
        account, window_s = before
        answer = passing(event, account)
        if answer is not None:
            found.append(
                Counterfactual(change="unchanged_account", action=answer, hours=ceil(window_s / HOUR_S))
            )
    return tuple(found)


def _still_known(changed: Came, tallies: Tallies, counted: Sequence[_Counted]) -> Tallies:
    gone = {name for tally, key, names in counted if tally.key(changed) != key for name in names}
    return {name: count for name, count in tallies.items() if name not in gone} if gone else tallies


def _amount_below(
    event: Transaction, passing: Callable[[Transaction], Action | None]
) -> Iterator[Counterfactual]:
    places = step_places(event.value, event.currency)
    high = ceil(event.value * 10.0**places)
    low = max(1, int(high * LEAST_SHARE))

    def below(count: int) -> Action | None:
        return passing(_with(event, amount=decimal_text(count, places)))

    if low >= high or below(low) is None:
        return
    stopped: int | None = high
    while stopped is not None:
        high = stopped
        answer, bound = _halved(low, high, below)
        # What passes below need not pass everywhere below: a trained model may think otherwise of some amounts.
        between = (round(low * (bound / low) ** (step / PROBES)) for step in range(1, PROBES))
        stopped = next((probe for probe in between if probe < bound and below(probe) is None), None)
    yield Counterfactual(
        change="amount_below",
        action=answer,
        amount=canonical_amount(decimal_text(bound, places), event.currency),
        currency=event.currency,
    )


def _halved(low: int, high: int, below: Callable[[int], Action | None]) -> tuple[Action, int]:
    """The answer just below the bound and the bound, in steps, between `low`, which passes, and `high`, which does not."""
    answer: Action | None = None
    while high - low > 1:
        middle = (low + high) // 2
        between = below(middle)
        if between is None:
            high = middle
        else:
            low, answer = middle, between
    answer = answer or below(low)
    assert answer is not None
    return answer, high


def _changed(event: Came, profile: Profile) -> Iterator[tuple[Change, Came]]:
    latest = profile.traits.latest()
    changes: tuple[tuple[Change, Came | None], ...] = (
        ("known_device", _on_known_device(event, profile.devices, latest)),
        ("known_place", _at_known_place(event, profile, latest)),
        ("known_payee", _to_known_payee(event, profile.payees)),
    )
    for change, changed in changes:
        if changed is not None:
            yield change, changed


def _on_known_device(event: Came, devices: Sightings, latest: bytes) -> Came | None:
    if not devices or event.device_key in devices:
        return None
    known = _named(devices, latest[AT["device"]], slice(0, TRAIT_BYTES))
    return _with(
        event,
        device_key=known,
        device_id=known.hex(),
        device=None,
        user_agent=None,
        traits=traits_of(event)[WHERE] + (latest or traits_of(event))[WITH],
    )


def _at_known_place(event: Came, profile: Profile, latest: bytes) -> Came | None:
    fix = _last_fix(profile, latest[AT["address"]])
    networks = profile.networks
    if fix is None or not networks or event.ip_key == fix.ip_key:
        return None
    place = Place(fix.country, None, fix.latitude, fix.longitude, fix.accuracy_km)
    traits = traits_of(event)
    return _with(
        event,
        ip=fix.ip_key.hex(),
        ip_key=fix.ip_key,
        network_key=_named(networks, latest[AT["network"]], slice(-TRAIT_BYTES, None)),
        network=None,
        place=place,
        traits=(latest or traits)[WHERE] + traits[WITH],
    )


def _to_known_payee(event: Came, payees: Sightings) -> Came | None:
    if not isinstance(event, Transaction) or event.payee_key is None:
        return None
    if not payees or event.payee_key in payees:
        return None
    known = _named(payees, b"", slice(0, 0))
    return _with(event, payee_key=known, payee_id=known.hex())


def _unchanged(profile: Profile, chains: Chains) -> tuple[Profile, float] | None:
    """The account without its memory of account changes, and the longest window in which they count."""
    known = [name for name in chains if name in profile.slots]
    kept = [each for each in profile.quarantined if each.facts.type != "account_change"]
    if not chains or (not known and len(kept) == len(profile.quarantined)):
        return None
    slots = dict(profile.slots)
    for name in known:
        chain = chains[name]
        memory = chain.recall(profile)
        slots[name] = (chain.version, msgpack.encode(replace(memory, changes=type(memory)().changes)))
    account = replace(profile, slots=slots, quarantined=kept)
    return account, max(chain.window_s for chain in chains.values())


def _named(seen: Sightings, trait: bytes, part: slice) -> Key:
    """The key that the trait is cut from, else the one seen last."""
    by_time = sorted(seen.items(), key=lambda item: (item[1].last_at, item[0]), reverse=True)
    return next((key for key, _ in by_time if trait and key[part] == trait), by_time[0][0])


def _last_fix(profile: Profile, address: bytes) -> Fix | None:
    fixes = list(profile.fixes)
    fixes.reverse()
    at_address = (fix for fix in fixes if address and fix.ip_key[:TRAIT_BYTES] == address)
    return next(at_address, fixes[0] if fixes else None)


def _with(event: _Came, **fields: Any) -> _Came:
    changed = replace(event, **fields)
    # A clamped time is not told again by `occurred_at`.
    force_setattr(changed, "at", event.at)
    return changed
