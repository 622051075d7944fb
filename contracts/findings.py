"""What a detector says of one event, and what a detector says of itself."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Literal

from msgspec import Struct
from msgspec.structs import force_setattr, replace

from contracts.circumstances import Circumstance
from contracts.events import AnyEvent, Event, Label, Transaction
from contracts.payees import NAMES

Value = float | int | str | None
Mode = Literal["off", "shadow", "on"]


class Finding(Struct, frozen=True, kw_only=True, gc=False, omit_defaults=True):
    """One reason to worry: evidence as value, the account's own baseline, and the threshold.

    `weight` is a log-likelihood ratio in nats (how much likelier under attack), in [0, 8]. `quarantine` keeps the event out
    of the profile until its challenge is passed. `facts` are further named values for the sentence; never an
    address, device, payee or account in clear.
    """

    detector: str
    reason: str
    family: str
    weight: float
    value: Value = None
    baseline: Value = None
    threshold: Value = None
    quarantine: bool = False
    facts: dict[str, Value] | None = None


class Reason(Struct, frozen=True):
    """A reason code and its sentence in each language.

    Sentences are `str.format` templates over value, baseline, threshold and the facts of the finding.
    """

    code: str
    en: str
    zh_cn: str


def says(en: str, zh_cn: str) -> tuple[Reason, ...]:
    """The one reason of a detector, whose code is the detector's name, with its sentence in each language."""
    return (Reason("", en, zh_cn),)


class TallyWanted(Struct, frozen=True, kw_only=True):
    """A count across accounts that a detector reads: distinct accounts for a key inside a time window.

    `key(event)` names what is counted over (None: this event has none); `adds(event)` says whether the event's account
    joins the count; both are pure. The count covers the bucket of the event's time and the bucket before it,
    each `bucket_s` seconds long, and includes the event itself when it adds.

    A detector that only `Circumstance.COUNTED` wakes is not asked about an event whose count is below `least_count`.
    `most_count` (0: none) bounds the count, for keys that have few accounts each: it then costs one small record a key, and
    an event older than the newest bucket is told the newest count.
    """

    name: str
    event_types: tuple[type[Event], ...]
    key: Callable[[AnyEvent], str | None]
    adds: Callable[[AnyEvent], bool]
    bucket_s: int
    least_count: int = 2
    most_count: int = 0

    @property
    def names(self) -> tuple[str, ...]:
        """The names it has in an event's tallies."""
        return (self.name,)


class PayeeWanted(Struct, frozen=True, kw_only=True):
    """The counts of the event's payee, which all detectors that want them share: see `contracts.payees`."""

    name: str = "payee"
    names: tuple[str, ...] = NAMES
    event_types: tuple[type[Event], ...] = (Transaction, Label)

    def key(self, event: AnyEvent) -> str | None:
        """The payee the event is about, as its keyed hash in hex; None when it has none."""
        payee = event.payee_key if isinstance(event, Transaction | Label) else None
        return None if payee is None else payee.hex()


Wanted = TallyWanted | PayeeWanted
PAYEE = PayeeWanted()


class Spec(Struct, frozen=True, kw_only=True):
    """A detector's card: its name is its file's name; ATT&CK ids such as T1110.004.

    It is asked only about events with one of the circumstances `wakes_on`, and must have nothing to say of any other.
    A memory of its own is taught by events of the types `learns_from` (None: all its types) that have one of the circumstances
    `learns_on`, and no other may teach it anything. A memory that has become like a fresh one is not kept.
    """

    name: str
    version: int = 1
    event_types: tuple[type[Event], ...]
    family: str
    reasons: tuple[Reason, ...]
    attack: tuple[str, ...] = ()
    tally: Wanted | None = None
    wakes_on: Circumstance = Circumstance.ALWAYS
    learns_from: tuple[type[Event], ...] | None = None
    learns_on: Circumstance = Circumstance.ALWAYS

    def __post_init__(self) -> None:
        named = tuple(replace(reason, code=reason.code or self.name) for reason in self.reasons)
        force_setattr(self, "reasons", named)

    def finding(
        self,
        *,
        weight: float,
        reason: str | None = None,
        value: Value = None,
        baseline: Value = None,
        threshold: Value = None,
        quarantine: bool = False,
        facts: dict[str, Value] | None = None,
    ) -> Finding:
        """A finding of this detector, with its name and family; see `Finding` for the rest.

        `reason` may be left out by a detector that declares one only. Raises ValueError when it declares more.
        """
        if reason is None:
            if len(self.reasons) != 1:
                codes = ", ".join(each.code for each in self.reasons)
                raise ValueError(f"{self.name}: a finding needs a reason, one of {codes}")
            reason = self.reasons[0].code
        return Finding(
            detector=self.name,
            reason=reason,
            family=self.family,
            weight=weight,
            value=value,
            baseline=baseline,
            threshold=threshold,
            quarantine=quarantine,
            facts=facts,
        )


#: Counts an event may read, by tally name; a name is missing when the store was away (never zero for unknown).
Tallies = Mapping[str, int]
