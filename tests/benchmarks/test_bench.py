"""`payguard bench` itself, on parts it starts."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import pytest
from typer.testing import CliRunner

from services.cli.main import app

_SMALL = ("--events", "5000", "--accounts", "2000", "--faust-events", "1000", "--runs", "1")
_SMALLEST = ("--events", "2000", "--accounts", "500", "--faust-events", "400", "--runs", "1")
_SHORT = ("--rate", "500", "--seconds", "3", "--warm-up", "2", "--http-rate", "50", "--http-seconds", "3")
_FEW = ("--verify-rate", "20", "--verify-seconds", "3")


def _bench(*flags: str, timeout_s: float) -> dict[str, Any]:
    ran = subprocess.run(
        [sys.executable, "-m", "services.cli.main", "bench", "--json", *flags],
        capture_output=True,
        text=True,
        timeout=timeout_s,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    figures: dict[str, Any] = json.loads(ran.stdout)
    return figures


def test_a_part_that_does_not_exist_is_a_usage_error_that_names_the_parts() -> None:
    ran = CliRunner().invoke(app, ["bench", "--only", "speed"])

    assert ran.exit_code == 2
    assert "throughput" in ran.stderr


@pytest.mark.usefixtures("embedded_redis")
def test_worker_limit_and_faust_table_are_measured_on_embedded_parts() -> None:
    figures = _bench("--only", "throughput", *_SMALLEST, timeout_s=250)

    assert figures["events_per_s"] > figures["faust_table_events_per_s"] > 0
    assert figures["limit_events_per_s"] > 0
    assert figures["p99_ms_at_5000_per_s"] is None


@pytest.mark.bench
@pytest.mark.timeout(600)
@pytest.mark.usefixtures("embedded_redis")
def test_every_part_gives_its_figures_on_embedded_parts() -> None:
    figures = _bench(*_SMALL, *_SHORT, *_FEW, "--sweep", "500,5000", timeout_s=580)

    assert figures["latency"]["undecided"] == 0
    assert figures["http"]["errors"] == 0
    assert figures["verify"]["errors"] == 0
    assert [row["accounts"] for row in figures["accounts_sweep"]] == [500, 5000]
    assert 0 < figures["bytes_per_account"] < figures["bytes_per_full_account"]


@pytest.mark.real
@pytest.mark.bench
@pytest.mark.timeout(1800)
@pytest.mark.usefixtures("real_kafka", "real_redis", "real_postgres")
def test_the_whole_bench_runs_on_real_parts() -> None:
    figures = _bench("--real", timeout_s=1780)

    assert all(figures[key] is not None for key in figures)
    assert figures["latency"]["undecided"] == 0
    assert (figures["http"]["errors"], figures["http"]["undecided"]) == (0, 0)
    assert figures["verify"]["errors"] == 0


@pytest.mark.real
@pytest.mark.usefixtures("real_redis", "real_postgres")
def test_verifications_are_measured_on_real_parts_without_a_broker() -> None:
    figures = _bench("--verify", "--real", "--warm-up", "1", *_FEW, timeout_s=250)

    assert figures["verify"]["errors"] == 0
    assert figures["verify"]["latency"]["samples"] == 60
    assert figures["machine"]["broker"] == "no broker"
