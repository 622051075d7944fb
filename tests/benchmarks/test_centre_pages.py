"""The benchmark of the centre's pages: in small, so that it does not rot, and what it says of what it found."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from benchmarks.centre_pages import Load, Measured, lines, measured, paths, share, within
from benchmarks.parts.ground import Ground
from benchmarks.plan import Plan
from benchmarks.workloads.http_sender import Sent
from services.platform.settings import Settings

SENT = Sent([10.0, 20.0, 30.0, 40.0], [0, 1, 2, 3], [0.1, 0.2, 0.1, 0.1], 0, 0, 1, 0.1, None)
FOUND = Measured(
    load=Load(rows=4_000, rate=2.0, seconds=2.0, warm_up_s=0.0),
    filled_s=1.0,
    asked=["/my/centre", "/my/centre/help", "/my/centre", "/my/centre/help"],
    sent=SENT,
    within={"/my/centre": {0.05: 1.0, 0.1: 4.0, float("inf"): 4.0}, "/v1/links": {0.1: 9.0}},
    api_cpu_s=0.04,
    machine_load=0.3,
)


@pytest.mark.parametrize(("part", "ms"), [(0.0, 0.0), (0.25, 50.0), (0.5, 50.0 + 50.0 / 3), (1.0, 100.0)])
def test_a_share_of_a_histogram_lies_evenly_in_its_bucket(part: float, ms: float) -> None:
    assert within({0.05: 1.0, 0.1: 4.0, float("inf"): 4.0}, part) == pytest.approx(ms)


def test_what_lies_beyond_every_bucket_took_at_least_the_last() -> None:
    assert (within({0.1: 1.0, float("inf"): 9.0}, 0.95), within({}, 0.95)) == (100.0, 0.0)


def test_the_share_of_few_values_is_one_of_them() -> None:
    assert [share([3.0, 1.0, 2.0], part) for part in (0.0, 0.5, 0.95, 1.0)] == [1.0, 2.0, 3.0, 3.0]


def test_figures_of_a_load_that_was_reached_say_so() -> None:
    said = "\n".join(lines(FOUND))

    assert "4 of 4 pages shown" in said
    assert "load reached: yes" in said
    assert "10.0 ms of the API's processor a page" in said
    assert "under 100 ms: yes" in said
    assert "/v1/links" not in said


@pytest.mark.parametrize(
    "sent",
    [
        replace(SENT, latencies_ms=[10.0, 20.0, 30.0], indices=[0, 1, 2], errors=1),
        replace(SENT, latencies_ms=[10.0, 20.0, 30.0, 2_000.0]),
    ],
    ids=["refused", "late"],
)
def test_a_load_that_was_not_reached_is_said_plainly(sent: Sent) -> None:
    said = "\n".join(lines(replace(FOUND, sent=sent)))

    assert "load reached: NO" in said
    assert "under 100 ms: NO" in said


@pytest.mark.real
@pytest.mark.usefixtures("real_postgres", "real_redis")
async def test_every_page_is_shown_and_counted_at_a_small_load() -> None:
    load = Load(rows=20_000, rate=20.0, seconds=3.0, warm_up_s=1.0)
    with Ground(Settings(), Plan(sections=frozenset({"verify"}), real=True)) as ground:
        found = await measured(ground, load)

    assert (found.sent.errors, len(found.sent.latencies_ms)) == (0, 60)
    assert {path.partition("=")[0] for path in found.asked} <= {path.partition("=")[0] for path in paths(0.0)}
    assert sum(max(each.values()) for route, each in found.within.items() if route.startswith("/my/")) == 60
