"""How unusual a value is for an account: of a thing it meets for the first time, and down a ladder from coarse to fine.

A ladder is gone down from country to network, prefix and address. What the account never saw at a rung is guessed from the rung
above it (back-off), and what it never saw at all from the population.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence, Sized
from math import log
from typing import NamedTuple, Protocol

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


def own_new_share(distinct: int, count: int, population_share: float, strength_count: float) -> float:
    """Share of this account's `count` sightings, of `distinct` things, that met something new, in 0..1.

    The first thing ever seen is no evidence of change. The share is shrunk to the population's as if
    `strength_count` sightings had shown it (the mean of a beta posterior). Only what is still remembered counts, so an
    account that changes all the time keeps a high share although old things are forgotten.
    """
    return (distinct - 1 + strength_count * population_share) / (count - 1 + strength_count)


def settled_new_share(
    seen: Table, logins: int, params: NewThingParams, gathering_count: float = 0.0
) -> float | None:
    """`own_new_share` of an account that has logged in, and was seen, often enough; None while it is learning.

    After n sightings it is at least gathering / (n + gathering), `gathering_count`.
    """
    count = sum([thing.count for thing in seen.values()])
    if logins < params.least_logins_count or count < params.least_sightings_count:
        return None
    own = own_new_share(len(seen), count, params.population_new_share, params.prior_strength_count)
    return max(own, gathering_count / (count + gathering_count)) if gathering_count else own


class Rung(NamedTuple):
    """One level of a ladder as an account knows it.

    `seen`: how often this value was. `together`: how often all values of the level were. `distinct`: how many values
    that are. `share`: what part of the population has this value among those with the same value above, in (0, 1].
    `copied_share`: what part of attackers come with the victim's own value, in (0, 1].
    """

    seen: float
    together: float
    distinct: int
    share: float
    copied_share: float


def ladder_nats(rungs: Sequence[Rung], prior_count: float, prior_per_value_count: float) -> float:
    """Log-likelihood ratio, in nats, of a stranger against the account for the finest rung's value; 0 for no rungs.

    Going down, with p = q = 1 above the first rung: p' = (c + a p g) / (n + a) is how often the account shows the value,
    c its count, n the draws of the level, g the share, a = `prior_count` + `prior_per_value_count` * distinct values:
    an account that shows ever new values keeps showing new ones (Witten and Bell 1991, method C). q' = max(q g, s p') is
    how often a stranger does, s the share that copies: who copies the victim is not betrayed by being unusual.
    A coarse rung's draws are the distinct values below it, not the events: a thousand visits from one address say little
    about how another address would look (Kneser and Ney 1995; Teh 2006). Each value seen has at least one below it; the
    others are shared out by how often they were seen.
    """
    p = q = 1.0
    last = len(rungs) - 1
    for index, (seen, together, distinct, share, copied_share) in enumerate(rungs):
        draws = together
        if index < last and together > 0.0:
            below = rungs[index + 1].distinct
            further = below - distinct if below > distinct else 0
            seen = min(seen, 1.0) + further * seen / together
            draws = distinct + further
        prior = prior_count + prior_per_value_count * distinct
        p = (seen + prior * p * share) / (draws + prior)
        q = max(q * share, copied_share * p)
    return log(q / p)
