"""Events and policies for the tests of backtests: twenty people for ten days, under the default policy and a stricter one."""

from __future__ import annotations

from pathlib import Path

import pytest

from services.lab.backtest.comparison import Comparison
from services.lab.simulate.simulate import Simulation, simulate
from tests.services.lab.backtest.backtested import MONDAY_S, compared

STRICT = """
version = "strict"
[thresholds.login]
notify = 0.004
challenge = 0.006
[thresholds.transaction]
notify = 0.004
challenge = 0.006
[detectors.new_network]
alone_at_most = "challenge"
[detectors.new_payee]
alone_at_most = "challenge"
"""


@pytest.fixture(scope="session")
def strict(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("policies") / "strict.toml"
    file.write_text(STRICT)
    return file


@pytest.fixture(scope="session")
def life(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Twenty people for ten days, every line labelled by the simulation."""
    file = tmp_path_factory.mktemp("events") / "life.jsonl"
    played = simulate(Simulation(20, 10, 5, MONDAY_S))
    file.write_bytes(b"\n".join(each.wire() for each in played) + b"\n")
    return file


@pytest.fixture(scope="session")
def comparison(life: Path, strict: Path) -> Comparison:
    return compared(life, None, strict)
