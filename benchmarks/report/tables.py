"""The figures as tables: for a terminal, and as Markdown to paste into a page."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec
from msgspec import Struct
from rich.console import Console
from rich.table import Table

from benchmarks.instruments.machine import Machine
from benchmarks.instruments.spread import Latencies
from benchmarks.sections.account_bytes import AccountBytes
from benchmarks.sections.http_latency import HttpLatency
from benchmarks.sections.latency import DecisionLatency
from benchmarks.sections.throughput import Measured, SweepRow, Throughput
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
        return None if told is None else _ratio(told.worker, told.limit, 3)

    def speedup_over_faust_table(self) -> float | None:
        """The worker's median over the Faust table's."""
        told = self.throughput
        return None if told is None else _ratio(told.worker, told.faust_table, 2)

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


_HEADINGS = ("what", "figure", "least .. most (runs), processor time an event", "wanted")


def _ratio(of: Measured, to: Measured, places: int) -> float:
    return round(of.events_per_s.median / to.events_per_s.median, places)


class Row(Struct, frozen=True):
    """One line of the table."""

    what: str
    figure: str
    spread: str = ""
    wanted: str = ""

    def cells(self) -> tuple[str, str, str, str]:
        """In the order of the headings."""
        return self.what, self.figure, self.spread, self.wanted


def rows(results: Results) -> Iterator[Row]:
    """Every figure that was measured."""
    yield from _throughput(results)
    yield from _sweep(results)
    yield from _latencies(results)
    yield from _verify(results)
    for kind, told in (("typical", results.typical), ("full", results.full)):
        if told is not None:
            name = f"bytes of a {kind} account in the store ({told.events_an_account:,} events)"
            detail = f"{told.packed_bytes:,} packed, {told.used_memory_bytes:,} by used_memory"
            yield Row(name, f"{told.memory_usage_bytes:,}", detail, "< 1,024" if kind == "typical" else "")


def show(results: Results, console: Console) -> None:
    """A table for people."""
    table = Table(
        title="payguard bench", title_justify="left", caption=_machine(results), caption_justify="left"
    )
    for heading, justify in zip(_HEADINGS, ("left", "right", "right", "right"), strict=True):
        table.add_column(heading, justify=justify)  # type: ignore[arg-type]
    for row in rows(results):
        table.add_row(*row.cells())
    console.print(table)


def markdown(results: Results) -> str:
    """The same as a Markdown table, with the machine below."""
    lines = [_HEADINGS, ("---", "---:", "---:", "---:"), *(row.cells() for row in rows(results))]
    return "".join(f"| {' | '.join(cells)} |\n" for cells in lines) + f"\n{_machine(results)}\n"


def _throughput(results: Results) -> Iterator[Row]:
    told = results.throughput
    if told is None:
        return
    yield _rate("decisions/s, one worker", told.worker, ">= 30,000")
    yield _rate("the limit: same worker, nothing scored or remembered", told.limit)
    yield Row("ratio to the limit", f"{results.ratio_to_limit():.2f}", wanted=">= 0.4")
    yield _rate("plain Faust agent with a Table", told.faust_table)
    yield Row("times faster than the Faust table", f"{results.speedup_over_faust_table():.1f}", wanted=">= 6")


def _sweep(results: Results) -> Iterator[Row]:
    for row in results.sweep or ():
        yield _rate(f"decisions/s, {row.accounts:,} accounts", row.measured)
    spread = results.sweep_spread()
    if spread is not None:
        yield Row("fastest over slowest number of accounts", f"+{spread:.0%}", wanted="<= +30%")


def _latencies(results: Results) -> Iterator[Row]:
    latency, http = results.latency, results.http
    if latency is not None:
        wanted = "< 25" if latency.rate == 5_000 else ""
        yield from _latency(f"decision at {latency.rate:,} events/s", latency.latency, wanted)
        yield Row("events without a decision", f"{latency.undecided:,}", wanted="0")
        yield from _conditions(latency)
    if http is not None:
        wanted = "< 50" if http.rate == 300 else ""
        yield from _latency(f"HTTP ?wait=decision at {http.rate:,} requests/s", http.latency, wanted)
        yield Row("requests undecided / failed", f"{http.undecided:,} / {http.errors:,}", wanted="0 / 0")
        yield from _conditions(http)


def _verify(results: Results) -> Iterator[Row]:
    told = results.verify
    if told is None:
        return
    name = f"verify at {told.rate:,} requests/s"
    yield Row("API processes that verify", f"{told.processes}")
    yield from _latency(name, told.latency, "< 30" if told.rate == 500 else "")
    yield from _latency(f"{name}, right codes", told.passes, "")
    yield from _latency(f"{name}, wrong codes", told.refusals, "")
    yield Row("verifications answered/s", f"{told.answered_per_s:,.1f}", f"{told.connections} connections")
    yield Row("verifications failed", f"{told.errors:,}", wanted="0")
    yield from _conditions(told)
    if told.api_cpu_us is not None:
        yield Row("the APIs' processor time a verification, us", f"{told.api_cpu_us:,.0f}")


def _latency(name: str, told: Latencies, wanted: str) -> Iterator[Row]:
    yield Row(f"{name}, p50 ms", f"{told.p50_ms:.1f}", f"{told.samples:,} samples")
    yield Row(
        f"{name}, p99 ms", f"{told.p99_ms:.1f}", f"p99.9 {told.p999_ms:.1f}, max {told.max_ms:.1f}", wanted
    )


def _conditions(told: DecisionLatency | HttpLatency | VerifyLatency) -> Iterator[Row]:
    """What else made the latencies what they are."""
    yield Row("sender late (contained), p99 ms", f"{told.sender_late_p99_ms:.1f}")
    if (stolen := told.stolen) is not None:
        worst = f"worst second {stolen.worst_second_ms:,.0f}"
        yield Row("taken by the host meanwhile, ms", f"{stolen.total_ms:,.0f}", worst)


def _rate(name: str, told: Measured, wanted: str = "") -> Row:
    rate, cost = told.events_per_s, told.cpu_us_per_event
    spread = f"{rate.least:,.0f} .. {rate.most:,.0f} ({rate.runs})"
    return Row(name, f"{rate.median:,.0f}", spread if cost is None else f"{spread}, {cost:.1f} us", wanted)


def _machine(results: Results) -> str:
    told = results.machine
    libraries = ", ".join(f"{name} {number}" for name, number in told.libraries.items())
    return (
        f"{told.cores} cores ({told.processor}), {told.system}, Python {told.python}; {told.broker}; {told.store}; "
        f"{libraries}; load before {told.load_before}."
    )
