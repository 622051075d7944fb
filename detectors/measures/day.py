"""At which hours of the day (UTC) an account is active, hours nearby counting in part."""

from __future__ import annotations

from collections.abc import Sequence
from math import log

from msgspec import Struct

from contracts.findings import Finding, Spec
from contracts.profile import HOURS, hour_of

#: How much what happens so many hours away counts.
_NEAR = (1.0, 0.6, 0.3, 0.1)


def near_share(tables: Sequence[Sequence[int]], hour: int, smoothing_count: float) -> float:
    """The smoothed share, in (0, 1), of an account's activity at an hour of the day; 1/24 for no activity.

    `tables` count events by hour, 24 numbers or none each; every hour counts as if it had seen `smoothing_count` more.
    """
    near, events = smoothing_count, 0
    filled = [table for table in tables if table]
    for table in filled:
        events += sum(table)
        for away, counts in enumerate(_NEAR):
            for other in {(hour - away) % HOURS, (hour + away) % HOURS}:
                near += counts * table[other]
    whole = 2.0 * sum(_NEAR) - _NEAR[0]
    return near / (whole * events + HOURS * smoothing_count)


class HourParams(Struct, frozen=True):
    """Attackers are taken to keep any hour of the day equally.

    `least_history_count` is of events that the table remembers; every hour counts as if it had seen `smoothing_count` more.
    """

    least_history_count: int = 15
    smoothing_count: float = 0.5
    least_nats: float = 0.5
    most_nats: float = 1.5


def at_unusual_hour(
    spec: Spec, at: float, hours: Sequence[int], others: Sequence[int], params: HourParams
) -> Finding | None:
    """The detector's finding about an event at an hour that its own table has nothing in; `others` count in part.

    Weight: log of one hour's even share of the day over the account's own smoothed share of it, in nats.
    """
    hour = hour_of(at)
    if not hours or hours[hour] or sum(hours) < params.least_history_count:
        return None
    share = near_share((hours, others), hour, params.smoothing_count)
    weight = -log(HOURS * share)
    if weight < params.least_nats:
        return None
    return spec.finding(
        weight=min(weight, params.most_nats),
        value=f"{hour:02d}:00",
        baseline=f"{share:.1%}",
        threshold=f"{1 / HOURS:.1%}",
    )
