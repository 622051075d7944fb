"""Runs a backtest as the command does, without a terminal."""

from __future__ import annotations

import asyncio
from pathlib import Path

from services.lab.backtest.comparison import Comparison, Unanswered, backtest
from services.platform.settings import Settings, load_settings

MONDAY_S = 1_767_571_200


def compared(
    file: Path, first: Path | None = None, second: Path | None = None, unanswered: Unanswered = "passed"
) -> Comparison:
    settings = tuple(load_settings(policy=path) if path else Settings() for path in (first, second))
    assert len(settings) == 2
    return asyncio.run(
        backtest(settings, ("one", "two"), file, unanswered, lambda number, error: None, lambda n: None)
    )
