"""The desk's pictures: each one that a page shows is there, each one that is there is shown, and all of them are small."""

from __future__ import annotations

import re
from pathlib import Path

from PIL import Image

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "docs" / "desk"
MOST_BYTES = 3_000_000
PAGES = {ROOT / "README.md": "docs/desk/", ROOT / "docs" / "desk.md": "desk/"}


def shown() -> set[str]:
    """The pictures that the pages name."""
    return {
        name
        for page, prefix in PAGES.items()
        for name in re.findall(rf'[("]{prefix}([\w-]+\.png)[)"]', page.read_text(encoding="utf-8"))
    }


def test_every_picture_is_shown_and_there() -> None:
    assert shown() == {each.name for each in FOLDER.iterdir()}


def test_they_are_of_few_colours_and_small_together() -> None:
    assert sum(each.stat().st_size for each in FOLDER.iterdir()) < MOST_BYTES
    for each in FOLDER.iterdir():
        with Image.open(each) as picture:
            assert picture.mode == "P"
