"""What one run of the bench measures, and for how long."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

Section = Literal["throughput", "sweep", "latency", "memory", "http", "verify"]
SECTIONS: tuple[Section, ...] = ("throughput", "sweep", "latency", "memory", "http", "verify")


class Plan(Struct, frozen=True, kw_only=True):
    """`real` starts Apache Kafka, Redis and PostgreSQL; `external` names parts given by address (kafka, redis), which are left
    running.

    `events` is the count of every throughput run but those of the Faust table, which is slower and reads the first
    `faust_events` of the same ones. Rates are per second.
    """

    sections: frozenset[Section] = frozenset(SECTIONS)
    real: bool = False
    external: frozenset[str] = frozenset()
    partitions: int = 4
    runs: int = 3
    accounts: int = 100_000
    events: int = 400_000
    faust_events: int = 60_000
    sweep: tuple[int, ...] = (10_000, 100_000, 1_000_000)
    rate: int = 5_000
    warm_up_s: float = 5.0
    latency_s: float = 20.0
    http_rate: int = 300
    http_s: float = 30.0
    verify_rate: int = 500
    verify_s: float = 20.0
    verify_processes: int = 2
    typical_events: int = 100
    full_events: int = 2_000
    typical_accounts: int = 2_000
    full_accounts: int = 100

    @property
    def needs_broker(self) -> bool:
        """Whether any section reads or writes topics: verifications wait for no broker."""
        return self.sections != {"verify"}
