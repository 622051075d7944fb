"""The contrast of every pair of colours that stand on each other (WCAG 2.2, success criteria 1.4.3 and 1.4.11)."""

from __future__ import annotations

import re

import pytest

from services.portal.pages import ASSETS

_CSS = ASSETS.bodies["portal.css"][0].decode() + ASSETS.bodies["parts.css"][0].decode()
_ROOT = re.compile(r":root {(.*?)}", re.S)

#: (what is seen, what it stands on, the least ratio): 4.5 for text, 3 for edges, signs and the focus.
PAIRS = [
    ("ink", "card", 4.5),
    ("ink", "page", 4.5),
    ("ink", "wash", 4.5),
    ("ink", "danger-wash", 4.5),
    ("quiet", "card", 4.5),
    ("quiet", "page", 4.5),
    ("quiet", "wash", 4.5),
    ("accent", "card", 4.5),
    ("accent", "page", 4.5),
    ("accent", "wash", 4.5),
    ("accent-strong", "card", 4.5),
    ("accent-strong", "page", 4.5),
    ("on-accent", "accent", 4.5),
    ("on-accent", "accent-strong", 4.5),
    ("danger", "card", 4.5),
    ("danger", "danger-wash", 4.5),
    ("danger-strong", "danger-wash", 4.5),
    ("on-danger", "danger", 4.5),
    ("on-danger", "danger-strong", 4.5),
    ("caution", "caution-wash", 4.5),
    ("ink", "raised", 4.5),
    ("quiet", "raised", 4.5),
    ("accent", "raised", 4.5),
    ("ink", "field", 4.5),
    ("quiet", "field", 4.5),
    ("good", "card", 4.5),
    ("good", "good-wash", 4.5),
    ("ink", "good-wash", 4.5),
    ("calm", "card", 4.5),
    ("calm", "calm-wash", 4.5),
    ("ink", "calm-wash", 4.5),
    ("ink", "caution-wash", 4.5),
    ("on-deep", "deep", 4.5),
    ("on-deep-quiet", "deep", 4.5),
    ("deep", "on-deep", 4.5),
    ("deep-hover", "on-deep", 1.0),
    ("edge", "card", 3.0),
    ("edge", "field", 3.0),
    ("focus", "card", 3.0),
    ("focus", "page", 3.0),
]


def palette(dark: bool) -> dict[str, str]:
    """The colours of a scheme by name."""
    blocks = _ROOT.findall(_CSS)
    found = dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{6});", "".join(blocks[::2])))
    return found | (dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{6});", "".join(blocks[1::2]))) if dark else {})


def luminance(colour: str) -> float:
    """Relative luminance as WCAG 2.2 defines it."""
    channels = [int(colour[start : start + 2], 16) / 255 for start in (1, 3, 5)]
    linear = [each / 12.92 if each <= 0.04045 else ((each + 0.055) / 1.055) ** 2.4 for each in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    """Contrast ratio of two colours, 1 to 21."""
    darker, lighter = sorted([luminance(one), luminance(other)])
    return (lighter + 0.05) / (darker + 0.05)


def test_black_on_white_is_twenty_one() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize(("seen", "ground", "least"), PAIRS)
def test_a_pair_can_be_told_apart(seen: str, ground: str, least: float, dark: bool) -> None:
    colours = palette(dark)

    assert contrast(colours[seen], colours[ground]) >= least


def test_both_schemes_name_the_same_colours() -> None:
    blocks = _ROOT.findall(_CSS)
    light, dark = (set(re.findall(r"--([a-z-]+): #", "".join(blocks[first::2]))) for first in (0, 1))

    assert light == dark == {name for pair in PAIRS for name in pair[:2]} | {"line"}


def test_every_colour_in_use_is_one_of_the_palette() -> None:
    rules = re.sub(r":root {.*?}", "", _CSS, flags=re.S)
    elsewhere = re.sub(r"@media print {.*", "", rules, flags=re.S)

    # The ground of the QR code is white in every scheme: a camera reads it.
    assert set(re.findall(r"#[0-9a-fA-F]{3,8}\b", elsewhere)) == {"#fff"}


def test_motion_ends_where_the_reader_asks_for_it() -> None:
    assert "@media (prefers-reduced-motion: reduce)" in _CSS
