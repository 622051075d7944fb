"""The contrast of what stands on what in a letter, light and dark (WCAG 2.2, success criterion 1.4.3)."""

from __future__ import annotations

import re
from importlib.resources import files

import pytest

from tests.services.portal.test_colours import contrast

_CSS = files("notifier.templates").joinpath("letter.css").read_text("utf-8")
_LIGHT, _, _DARK = _CSS.partition("@media (max-width")
_DARK = _DARK.partition("prefers-color-scheme: dark")[2]
TONES = ("stop", "wait", "good", "calm")
#: (what is read, what it stands on); signs and edges need 3, text 4.5.
PAIRS = [
    *(
        (name, "card", 4.5)
        for name in ("title", "lead", "amount", "value", "label", "detail", "item", "heading", "sign")
    ),
    *((f"chip-{tone}", "card", 4.5) for tone in TONES),
    ("usual", "usual", 4.5),
    ("strong", "usual", 4.5),
    ("no", "no", 4.5),
    ("no-title", "no", 4.5),
    ("yes", "card", 4.5),
    ("yes-title", "card", 4.5),
    ("real", "real", 4.5),
    ("strong", "real", 4.5),
    ("ref", "real", 4.5),
    ("foot", "body", 4.5),
    ("quiet", "body", 4.5),
    ("brandname", "body", 4.5),
    ("brandmark", "brandmark", 4.5),
]


def colour(name: str, of: str, dark: bool) -> str:
    """The colour that the rules of a class give, those of the dark scheme first."""
    found: str | None = None
    for sheet in (_LIGHT, _DARK) if dark else (_LIGHT,):
        for selectors, said in re.findall(r"([^{}]*)\{([^{}]*)\}", sheet):
            if f".{name}" in [each.strip() for each in selectors.rpartition("*/")[2].split(",")]:
                colours = re.findall(rf"(?:^|[ ;]){of}: (#[0-9a-f]{{6}})", said)
                found = colours[0] if colours else found
    assert found is not None, f"{name} has no {of}"
    return found


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize(("seen", "ground", "least"), PAIRS)
def test_a_pair_can_be_told_apart(seen: str, ground: str, least: float, dark: bool) -> None:
    assert contrast(colour(seen, "color", dark), colour(ground, "background-color", dark)) >= least


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("tone", TONES)
def test_a_tones_bar_stands_out_from_the_card(tone: str, dark: bool) -> None:
    bar = colour(f"bar-{tone}", "background-color", dark)

    assert contrast(bar, colour("card", "background-color", dark)) >= 3.0
