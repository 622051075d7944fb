"""Counts of accounts over their logins: which of them succeed on one device, and which fail from one place.

Many that fail from one place are what a list of stolen or guessed passwords looks like from outside.
"""

from __future__ import annotations

from collections.abc import Callable
from math import log

from msgspec import Struct

from contracts.events import Activity, AnyEvent, Login, Transaction
from contracts.findings import Finding, Spec, TallyWanted, Value

#: Kinds of network that put many unrelated people behind one address.
SHARED_NETWORKS = frozenset({"mobile", "relay", "satellite"})
#: Money that goes to people or out of the wallet.
_PERSONAL = frozenset({"transfer", "cash_out", "withdrawal"})


class FailingParams(Struct, frozen=True, kw_only=True):
    """The weight is `attempt_nats` or `success_nats` on the threshold and grows by `growth_nats` for each factor e."""

    attempt_nats: float
    success_nats: float
    growth_nats: float
    most_nats: float


def address(event: AnyEvent) -> str | None:
    """The keyed hash of the login's address, in hex; None when it is unknown."""
    if not isinstance(event, Login) or event.ip_key is None:
        return None
    return event.ip_key.hex()


def network(event: AnyEvent) -> str | None:
    """The keyed hash of the login's network, in hex; None when it is unknown."""
    if not isinstance(event, Login) or event.network_key is None:
        return None
    return event.network_key.hex()


def device(event: AnyEvent) -> str | None:
    """The keyed hash of the device of a login, or of money sent to people, in hex; None when it is unknown."""
    personal = event.kind in _PERSONAL if isinstance(event, Transaction) else isinstance(event, Login)
    key = getattr(event, "device_key", None) if personal else None
    return None if key is None else key.hex()


def accounts_failing(
    name: str, key: Callable[[AnyEvent], str | None], bucket_s: int, least_count: int
) -> TallyWanted:
    """The count of accounts on which logins with the same `key` failed; successes only read it."""
    return TallyWanted(
        name=name,
        event_types=(Login,),
        key=key,
        adds=is_failure,
        bucket_s=bucket_s,
        least_count=least_count,
    )


def network_kind(event: Activity) -> str:
    """The kind of the network the event came over; "unknown" where none is told."""
    return "unknown" if event.network is None else event.network.kind


def too_many_fail(
    spec: Spec,
    event: Login,
    count: int,
    threshold: int,
    params: FailingParams,
    success_ratio: float = 1.0,
    facts: dict[str, Value] | None = None,
) -> Finding | None:
    """The detector's finding about a login from where `count` accounts failed; None below the threshold.

    The first of its reasons is that of an attempt, the second that of a success, whose weight is `success_ratio` of the whole.
    """
    if count < threshold:
        return None
    success = event.outcome == "success"
    first_nats = params.success_nats if success else params.attempt_nats
    weight = min(first_nats + params.growth_nats * log(count / threshold), params.most_nats)
    return spec.finding(
        reason=spec.reasons[success].code,
        weight=weight * success_ratio if success else weight,
        value=count,
        threshold=threshold,
        facts=facts,
    )


def is_failure(event: AnyEvent) -> bool:
    """Whether the event is a failed login."""
    return isinstance(event, Login) and event.outcome == "failure"


def is_success(event: AnyEvent) -> bool:
    """Whether the event is a successful login."""
    return isinstance(event, Login) and event.outcome == "success"
