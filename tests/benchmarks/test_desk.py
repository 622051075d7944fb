"""The benchmark of the desk: in small, so that it does not rot, and what it says of what it found."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from msgspec.structs import replace

from benchmarks.desk import Load, Measured, lines, measured
from benchmarks.parts.ground import Ended, Ground
from benchmarks.parts.real_stores import new_parts_folder
from benchmarks.plan import Plan
from benchmarks.sections.desk_claims import Claims
from benchmarks.workloads.http_sender import Sent
from services.platform.settings import Settings

SENT = Sent([10.0, 20.0, 30.0, 40.0], [0, 1, 2, 3], [0.1, 0.2, 0.1, 0.1], 0, 0, 1, 0.1, None)
QUICK = {0.05: 4.0, float("inf"): 4.0}
FOUND = Measured(
    load=Load(cases=2_000, rows=4_000, seconds=0.2, warm_up_s=0.0),
    filled_s=None,
    asked=["/desk", "/desk/cases/1", "/desk/search?q=1", "/desk"],
    sent=SENT,
    within={"/desk": QUICK, "/desk/cases/{case_id}": QUICK, "/desk/search": QUICK},
    alone={"case, risk": [30.0]},
    claims=Claims(taken=["a", "b", "b"], twice=1, seconds=0.5, slow_ms=(3.0, 4.0)),
    machine_load=0.3,
)


def test_figures_under_the_bars_say_so() -> None:
    said = "\n".join(lines(FOUND))

    assert "filled before" in said
    assert "p95 within the server under the bars: yes" in said
    assert "3 cases in 0.5 s, 6/s, 1 taken twice" in said


def test_a_page_above_its_bar_is_said_plainly() -> None:
    slow = {**FOUND.within, "/desk/search": {0.1: 3.0, 0.25: 4.0, float("inf"): 4.0}}

    assert "p95 within the server under the bars: NO" in "\n".join(lines(replace(FOUND, within=slow)))


@pytest.fixture
def keep() -> Iterator[Path]:
    """A folder that PostgreSQL, another user, may enter; those of pytest are closed again by the next run that begins."""
    folder = new_parts_folder()
    yield folder
    shutil.rmtree(folder)


@pytest.mark.real
@pytest.mark.usefixtures("real_postgres", "real_redis")
async def test_a_kept_desk_is_asked_again_without_filling_it(keep: Path) -> None:
    load = Load(cases=2_000, rows=5_000, seconds=1.0, warm_up_s=0.0, claims=20)
    plan = Plan(sections=frozenset({"verify"}), real=True)
    for fills in (True, False):
        with Ground(Settings(), plan) as ground:
            found = await measured(ground, load, keep)
        assert fills == (found.filled_s is not None)
        assert (found.sent.errors, len(found.sent.latencies_ms), found.claims.twice) == (0, 20, 0)
        assert len(found.claims.taken) in (20, 21)
    with Ground(Settings(), plan) as ground, pytest.raises(Ended):
        await measured(ground, replace(load, cases=3_000), keep)
