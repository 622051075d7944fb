from __future__ import annotations

from pathlib import Path

from detectors import discover
from detectors.docs import PAGE, page

ROOT = Path(__file__).parents[2]


def test_the_page_about_detectors_is_fresh() -> None:
    assert (ROOT / PAGE).read_text(encoding="utf-8") == page(), "stale: python -m detectors.docs"


def test_every_detector_has_its_section_with_four_headings() -> None:
    sections = page().split("\n## ")[1:]

    assert [section.partition("\n")[0] for section in sections] == [found.spec.name for found in discover()]
    for section in sections:
        for heading in ("Sees", "Misses", "Fires falsely when", "When it fires"):
            assert f"- **{heading}:** " in section
