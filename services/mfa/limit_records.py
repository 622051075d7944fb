"""What the limits of refused codes speak of, as plain data. Times are epoch seconds."""

from __future__ import annotations

import math
from typing import NamedTuple

from msgspec import Struct

from contracts.errors import Overloaded


class Rates(Struct, frozen=True, kw_only=True):
    """How many refused codes are borne: of a network at once and one more each `network_refill_s`, and of everybody
    within some minutes before networks without a pass are slowed down."""

    network_codes: int = 60
    network_refill_s: float = 30.0
    fleet_codes: int = 300


class SlowDown(Overloaded):
    """Too many refused codes from this network, or from everywhere. It is said before a code is compared."""

    def __init__(self, retry_after_s: float) -> None:
        super().__init__("too many refused codes; repeat later")
        self.retry_after_s = max(1, math.ceil(retry_after_s))


class ClientContext(NamedTuple):
    """Where a code comes from, as keyed hashes; None where the caller did not say. `partition` is where the fleet counts it."""

    network: str | None
    device: str | None
    partition: int


class Network(NamedTuple):
    """A row of `code_networks`."""

    spent_until: float
    passed_at: float | None


class Device(NamedTuple):
    """A row of `factor_devices`."""

    passed_at: float
    tries: int
    tries_since: float
    failures: int


class Seen(NamedTuple):
    """What is known of a visitor."""

    network: Network | None = None
    device: Device | None = None


class RateLimitReservation(NamedTuple):
    """What a network pays before its code is compared: `charged` a refused code, given back to a right one, or the `limit`
    that is reached and in how many seconds to come back."""

    charged: bool = False
    limit: str | None = None
    wait_s: float = 0.0


#: Of a network that owes nothing: it pays when its code is refused.
UNPAID = RateLimitReservation()


class Admission(NamedTuple):
    """`known`: the owner passed on this device; `known_device`: it may offer a code although others may not now; `barred`: it
    is let in for that reason alone."""

    known: bool = False
    known_device: bool = False
    barred: bool = False
