"""Each detector is named in a story, so that it is shown at work on a whole account and not only alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from detectors import discover

STORIES = "\n".join(
    path.read_text()
    for path in sorted(Path(__file__).parent.glob("test_*.py"))
    if path.name != Path(__file__).name
)


@pytest.mark.parametrize("name", [found.spec.name for found in discover()])
def test_a_detector_is_named_in_a_story(name: str) -> None:
    assert f'"{name}"' in STORIES
