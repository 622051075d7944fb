"""The arithmetic behind the bench's figures."""

from __future__ import annotations

import pytest

from benchmarks.instruments.machine import Machine
from benchmarks.instruments.spread import latencies_of, spread_of
from benchmarks.report.tables import Results, markdown, rows
from benchmarks.sections.throughput import Measured, SweepRow, Throughput, steady_rate
from benchmarks.workloads.faust_table import changelog_of
from benchmarks.workloads.paced_producer import Schedule

_MACHINE = Machine(
    cores=2,
    processor="P",
    system="S",
    python="3.11",
    broker="B",
    store="R",
    libraries={"l": "1"},
    load_before=0.1,
)


def _measured(rate: float) -> Measured:
    return Measured(spread_of([rate]), None)


def test_the_rate_is_of_the_steady_part_alone() -> None:
    slow_start = [index * 100 for index in range(100)]
    steady = [10_000 + index for index in range(900)]

    assert steady_rate([*slow_start, *steady]) == pytest.approx(1_000, rel=0.02)


def test_a_run_too_short_to_time_is_not_a_division_by_zero() -> None:
    assert steady_rate([5] * 100) > 0


def test_percentiles_are_values_that_were_measured() -> None:
    told = latencies_of([float(value) for value in range(1, 1001)])

    assert (told.p50_ms, told.p99_ms, told.p999_ms, told.max_ms) == (500.0, 990.0, 999.0, 1000.0)


def test_one_slow_event_in_fifty_shows_in_p99() -> None:
    assert latencies_of([1.0] * 49 + [80.0]).p99_ms == 80.0


def test_the_schedule_sends_no_more_at_once_than_five_milliseconds_worth() -> None:
    schedule = Schedule(begin_s=10.0, rate=5_000)
    due = [schedule.intended_s(index) for index in range(5_000)]

    assert max(due.count(moment) for moment in set(due)) <= 25 + 1
    assert due[0] == 10.0
    assert due[-1] == pytest.approx(11.0, abs=0.006)


def test_the_figures_have_every_key_even_of_what_was_not_measured() -> None:
    figures = Results(machine=_MACHINE).figures()

    assert {
        "events_per_s",
        "limit_events_per_s",
        "ratio_to_limit",
        "faust_table_events_per_s",
        "speedup_over_faust_table",
        "p99_ms_at_5000_per_s",
        "bytes_per_account",
        "http_p99_ms_at_300_per_s",
        "accounts_sweep",
        "machine",
    } <= set(figures)
    assert figures["events_per_s"] is None


def test_ratios_are_of_medians() -> None:
    throughput = Throughput(worker=_measured(40_000), limit=_measured(80_000), faust_table=_measured(4_000))
    figures = Results(machine=_MACHINE, throughput=throughput).figures()

    assert (figures["ratio_to_limit"], figures["speedup_over_faust_table"]) == (0.5, 10.0)


def test_the_spread_over_accounts_is_fastest_over_slowest() -> None:
    sweep = [SweepRow(count, count, _measured(rate), 500) for count, rate in ((10, 50_000), (1_000, 40_000))]

    assert Results(machine=_MACHINE, sweep=sweep).figures()["accounts_sweep_spread"] == 0.25


def test_the_markdown_table_has_a_line_for_each_figure() -> None:
    throughput = Throughput(worker=_measured(1.0), limit=_measured(2.0), faust_table=_measured(3.0))
    results = Results(machine=_MACHINE, throughput=throughput)

    assert markdown(results).count("\n| ") == len(list(rows(results))) + 1
    assert markdown(results).startswith("| what | figure |")


def test_the_faust_table_writes_its_changelog_where_the_bench_looks() -> None:
    assert changelog_of("bench-1") == "bench-1-accounts-changelog"
