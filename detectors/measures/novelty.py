"""How surprising it is that an account meets something for the first time."""

from __future__ import annotations

from collections.abc import Iterable, Sized
from typing import Protocol

from msgspec import Struct

from contracts.profile import Seen


class Table(Sized, Protocol):
    """What was seen by key: `Sightings`, or a dict of `Seen`."""

    def values(self) -> Iterable[Seen]: ...


class NewThingParams(Struct, frozen=True, kw_only=True):
    """What must be known first, and how often a thing is new that an attacker has, or the population."""

    least_logins_count: int = 3
    least_sightings_count: int = 3
    attacker_new_share: float = 0.9
    population_new_share: float
    prior_strength_count: float = 5.0
    least_nats: float = 0.3
    most_nats: float


def sightings(seen: Table) -> int:
    """How often the remembered things were seen, all together."""
    return sum([thing.count for thing in seen.values()])


def own_new_share(seen: Table, population_share: float, strength_count: float) -> float:
    """Share of this account's sightings that met something new, in 0..1.

    The first thing ever seen is no evidence of change. The share is shrunk to the population's as if
    `strength_count` sightings had shown it (the mean of a beta posterior). Only what is still remembered counts, so an
    account that changes all the time keeps a high share although old things are forgotten.
    """
    changes = len(seen) - 1
    chances = sightings(seen) - 1
    return (changes + strength_count * population_share) / (chances + strength_count)


def settled_new_share(seen: Table, logins: int, params: NewThingParams) -> float | None:
    """`own_new_share` of an account that has logged in, and was seen, often enough; None while it is learning."""
    if logins < params.least_logins_count or sightings(seen) < params.least_sightings_count:
        return None
    return own_new_share(seen, params.population_new_share, params.prior_strength_count)
