"""Who is asked about an event, and whose memory it teaches, by its type and its circumstances. Pure."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, NamedTuple

import msgspec

from contracts.circumstances import Circumstance
from contracts.events import Activity, AnyEvent
from contracts.exchange import NO_RATES, ExchangeRates
from contracts.findings import Finding, TallyWanted
from contracts.profile import Profile
from detectors import Detector, with_rates
from services.policy.policy import Policy

_PACK = msgspec.msgpack.Encoder().encode
_REMEMBERED = int(Circumstance.REMEMBERED)
_COUNTED = int(Circumstance.COUNTED)


class Asked(NamedTuple):
    """One detector as a plan asks it; `recall` gives its memory, None when it has none.

    `if_remembered` asks it only about an account that it has a memory of, `if_counted` only when the tally it names counts
    at least so many.
    """

    observe: Callable[..., Finding | None]
    params: Any
    recall: Callable[[Profile], Any] | None
    name: str
    if_remembered: bool = False
    if_counted: tuple[str, int] | None = None


class Taught(NamedTuple):
    """One detector's memory as a plan teaches it; `fresh` is what it remembers of an account that it knows nothing of."""

    learn: Callable[..., Any]
    params: Any
    recall: Callable[[Profile], Any]
    name: str
    version: int
    fresh: Any
    if_remembered: bool = False


Woken = tuple[tuple[Asked, ...], tuple[Taught, ...]]


class Plan:
    """What runs for one type of event: whom to ask, and whose memory to teach, by the event's circumstances."""

    __slots__ = ("_asked", "_counts", "_taught", "awake", "is_activity", "tag")

    def __init__(
        self, kind: type, detectors: Sequence[Detector], policy: Policy, rates: ExchangeRates = NO_RATES
    ) -> None:
        self.tag: str = kind.__struct_config__.tag  # type: ignore[attr-defined]
        self.is_activity = issubclass(kind, Activity)
        self._asked: list[tuple[int, Asked]] = []
        self._counts: dict[str, tuple[str, int]] = {}
        self._taught: list[tuple[int, Taught]] = []
        #: circumstances met so far, with who is woken by them
        self.awake: dict[int, Woken] = {}
        for found in detectors:
            spec, name = found.spec, found.spec.name
            if kind not in spec.event_types:
                continue
            params = with_rates(policy.params_for(name, found.params), rates)
            recall, fresh = None, None
            if found.memory is not None:
                fresh = found.memory()
                recall = partial(recalled, found, name, fresh)
            self._asked.append((int(spec.wakes_on), Asked(found.observe, params, recall, name)))
            if isinstance(spec.tally, TallyWanted):
                self._counts[name] = spec.tally.name, spec.tally.least_count
            if kind in found.taught_by:
                assert found.learn is not None
                assert recall is not None
                taught = Taught(found.learn, params, recall, name, spec.version, fresh)
                self._taught.append((int(spec.learns_on), taught))

    def wake(self, circumstances: int) -> Woken:
        """The detectors that may have something to say, or to learn, in these circumstances, in their order."""
        others = circumstances & ~_REMEMBERED
        asked = [self._condition(on, asked, circumstances) for on, asked in self._asked if on & circumstances]
        taught = [
            taught if on & others else taught._replace(if_remembered=True)
            for on, taught in self._taught
            if on & circumstances
        ]
        woken = self.awake[circumstances] = tuple(asked), tuple(taught)
        return woken

    def _condition(self, on: int, asked: Asked, circumstances: int) -> Asked:
        waking = on & circumstances
        if waking == _REMEMBERED:
            return asked._replace(if_remembered=True)
        return asked._replace(if_counted=self._counts.get(asked.name)) if waking == _COUNTED else asked


def teach_memories(
    taught: tuple[Taught, ...], event: AnyEvent, profile: Profile, degraded: tuple[str, ...]
) -> None:
    """Teach the memories that an event wakes, but for those of detectors that failed; one that is like a fresh one goes."""
    slots = profile.slots
    for learn_memory, params, recall, name, version, fresh, if_remembered in taught:
        if (if_remembered and name not in slots) or name in degraded:
            continue
        before = recall(profile)
        after = learn_memory(event, before, params)
        if after is before or after == before:
            continue
        if after == fresh:
            slots.pop(name, None)
        else:
            slots[name] = (version, _PACK(after))


def recalled(found: Detector, name: str, fresh: Any, profile: Profile) -> Any:
    kept = profile.slots.get(name)
    if kept is None:
        return fresh
    version, packed = kept
    if version != found.spec.version:
        assert found.upgrade is not None
        return found.upgrade(version, packed)
    return msgspec.msgpack.decode(packed, type=found.memory)
