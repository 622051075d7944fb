"""The figures of one bench: typed, and as the flat object that `--json` prints."""

from __future__ import annotations

from typing import Any

import msgspec
from msgspec import Struct

from benchmarks.instruments.machine import Machine
from benchmarks.sections.account_bytes import AccountBytes
from benchmarks.sections.http_latency import HttpLatency
from benchmarks.sections.latency import DecisionLatency
from benchmarks.sections.throughput import SweepRow, Throughput
from benchmarks.sections.verify_latency import VerifyLatency


class Results(Struct, frozen=True, kw_only=True):
    """What was measured; None for a section that was left out."""

    machine: Machine
    throughput: Throughput | None = None
    sweep: list[SweepRow] | None = None
    latency: DecisionLatency | None = None
    typical: AccountBytes | None = None
    full: AccountBytes | None = None
    http: HttpLatency | None = None
    verify: VerifyLatency | None = None

    def ratio_to_limit(self) -> float | None:
        """The worker's median over the limit's."""
        told = self.throughput
        return (
            None
            if told is None
            else round(told.worker.events_per_s.median / told.limit.events_per_s.median, 3)
        )

    def speedup_over_faust_table(self) -> float | None:
        """The worker's median over the Faust table's."""
        told = self.throughput
        return (
            None
            if told is None
            else round(told.worker.events_per_s.median / told.faust_table.events_per_s.median, 2)
        )

    def sweep_spread(self) -> float | None:
        """How much faster the fastest number of accounts was than the slowest, by medians: 0.3 is 30 %."""
        if not self.sweep:
            return None
        medians = [row.measured.events_per_s.median for row in self.sweep]
        return round(max(medians) / min(medians) - 1.0, 3)

    def figures(self) -> dict[str, Any]:
        """Stable keys; null for what was left out, and for the rates in a key's name when another rate was asked for."""
        told, latency, http, verify = self.throughput, self.latency, self.http, self.verify
        return {
            "events_per_s": told and round(told.worker.events_per_s.median),
            "limit_events_per_s": told and round(told.limit.events_per_s.median),
            "ratio_to_limit": self.ratio_to_limit(),
            "faust_table_events_per_s": told and round(told.faust_table.events_per_s.median),
            "speedup_over_faust_table": self.speedup_over_faust_table(),
            "p99_ms_at_5000_per_s": latency.latency.p99_ms if latency and latency.rate == 5_000 else None,
            "bytes_per_account": self.typical and self.typical.memory_usage_bytes,
            "bytes_per_full_account": self.full and self.full.memory_usage_bytes,
            "http_p99_ms_at_300_per_s": http.latency.p99_ms if http and http.rate == 300 else None,
            "verify_p99_ms_at_500_per_s": verify.latency.p99_ms if verify and verify.rate == 500 else None,
            "accounts_sweep": msgspec.to_builtins(self.sweep),
            "accounts_sweep_spread": self.sweep_spread(),
            "throughput_runs": msgspec.to_builtins(told),
            "latency": msgspec.to_builtins(latency),
            "http": msgspec.to_builtins(http),
            "verify": msgspec.to_builtins(verify),
            "account_bytes": msgspec.to_builtins([self.typical, self.full]) if self.typical else None,
            "machine": msgspec.to_builtins(self.machine),
        }
