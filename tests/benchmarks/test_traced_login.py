"""What docs/architecture.md says of the way of a login is near what the trace counts."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from benchmarks.traced_login import ways

PAGE = Path(__file__).resolve().parents[2] / "docs" / "architecture.md"
ROW = re.compile(r"^\| (familiar|suspicious) \| (\d+) \| (\d+) \| (\d+) \|$", re.M)
A_TENTH = 0.1


async def test_the_page_tells_calls_files_and_moves_within_a_tenth() -> None:
    familiar, suspicious = await ways()
    told = {
        name: [int(figure) for figure in figures] for name, *figures in ROW.findall(PAGE.read_text("utf-8"))
    }

    assert told["familiar"] == pytest.approx([familiar.calls, familiar.files, familiar.moves], rel=A_TENTH)
    assert told["suspicious"] == pytest.approx(
        [suspicious.calls, suspicious.files, suspicious.moves], rel=A_TENTH
    )
