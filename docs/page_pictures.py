"""Makes docs/pages/*.png: each page that docs/pages.md shows, and the way of docs/owners.md. Part of `make screenshot`."""

from __future__ import annotations

import io
import re
import sys
import tempfile
from functools import partial
from pathlib import Path

from PIL import Image

DOCS = Path(__file__).resolve().parent
if str(DOCS.parent) not in sys.path:
    sys.path.insert(0, str(DOCS.parent))

from tests.browser.chromium import Browser, installed  # noqa: E402
from tests.browser.demonstration import Demonstration, in_frame, worried_owner  # noqa: E402
from tests.browser.served import Served  # noqa: E402
from tests.browser.tour.whole import tour  # noqa: E402
from tests.browser.ways import SIZES, Language, Screen  # noqa: E402

FOLDER = DOCS / "pages"
SHARPNESS = 1.5
#: Enough for pages of few colours; the files are a third of what they would be.
COLOURS = 64
#: Of every page: an English phone by day, and a Chinese desktop by night.
VIEWS: dict[Screen, tuple[bool, Language]] = {"phone": (False, "en"), "desktop": (True, "zh-CN")}
_NAMED = re.compile(r"pages/([\w-]+)-(?:phone|desktop)\.png")


def main() -> int:
    """Take every picture; 1 without a browser."""
    programs = installed()
    if programs is None:
        sys.stderr.write("install chromium and chromium-driver\n")
        return 1
    FOLDER.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        browser = Browser(programs, Path(folder) / "profile")
        try:
            for screen in VIEWS:
                _every_page(browser, Path(folder), screen)
            with Demonstration(Path(folder)) as running:
                _demonstration(browser, running.address)
        finally:
            browser.close()
    return 0


def wanted() -> set[str]:
    """The places of the tour that docs/pages.md shows."""
    return set(_NAMED.findall((DOCS / "pages.md").read_text(encoding="utf-8")))


def _every_page(browser: Browser, folder: Path, screen: Screen) -> None:
    dark, language = VIEWS[screen]
    places = wanted()
    (folder / screen).mkdir()
    with Served(folder / screen) as served:
        for place in tour(browser, served, language):
            if place in places:
                places.remove(place)
                look = partial(browser.look, dark=dark, language=language)
                look(size=SIZES[screen])
                # A screen as tall as the page: bars at its foot stand where the page ends.
                height = int(browser.script("return document.documentElement.scrollHeight"))
                look(size=(SIZES[screen][0], height))
                _keep(f"{place}-{screen}", browser.picture(whole=False))
                browser.look(size=SIZES["phone"], language=language)
    assert not places, f"the tour does not come by {sorted(places)}"


def _demonstration(browser: Browser, address: str) -> None:
    """The demonstration's page, and what a worried owner sees there from the letter to stopped money."""
    for screen, (dark, language) in VIEWS.items():
        width = SIZES[screen][0]
        look = partial(browser.look, dark=dark, language=language)
        look(size=SIZES[screen])
        browser.open(address)
        # A screen as tall as the page: a frame is painted only where it is on the screen.
        look(size=(width, int(browser.script("return document.documentElement.scrollHeight"))))
        browser.open(address)
        browser.until(lambda: in_frame(browser, "return document.readyState") == "complete")
        _keep(f"demo-{screen}", browser.picture(whole=False))
    look = partial(browser.look, size=SIZES["phone"], sharpness=SHARPNESS)
    for number, sight in enumerate(worried_owner(browser, address, look), start=1):
        # So is a bar at the foot of the screen.
        _keep(f"owner-{number}-{sight}", browser.picture(whole=sight in ("no", "stopped")))


def _keep(name: str, png: bytes) -> None:
    picture = Image.open(io.BytesIO(png)).convert("RGB")
    few = picture.quantize(COLOURS, dither=Image.Dither.NONE)
    few.save(FOLDER / f"{name}.png", optimize=True)


if __name__ == "__main__":
    sys.exit(main())
