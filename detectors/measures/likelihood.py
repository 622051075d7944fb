"""How much likelier a value is under a stranger than under an account that remembers some values of its own.

A value is found by going down a ladder from coarse to fine: country, network, prefix, address. What the account never saw at
a rung is guessed from the rung above it (back-off), and what it never saw at all from the population.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import log
from typing import NamedTuple


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
