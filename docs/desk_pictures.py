"""Makes docs/desk/*.png: the desk of the demonstration as its visitor meets it. Part of `make screenshot`."""

from __future__ import annotations

import contextlib
import io
import re
import sqlite3
import sys
import tempfile
from pathlib import Path

import httpx
from PIL import Image

DOCS = Path(__file__).resolve().parent
if str(DOCS.parent) not in sys.path:
    sys.path.insert(0, str(DOCS.parent))

from tests.browser.chromium import Browser, installed  # noqa: E402
from tests.browser.demonstration import Demonstration  # noqa: E402

FOLDER = DOCS / "desk"
SIZE = (1440, 900)
#: As of the owners' pages.
COLOURS = 64
#: By the names of their pictures.
PAGES = {"case": "/desk/cases/{case}", "today": "/desk/today"}
_SIGN_IN = re.compile(
    r'class="sign-in">.*?<dd>(.*?)</dd>.*?<dd>(.*?)</dd>.*?data-now="agent">(\d{3} \d{3})<.*?href="(.*?)/desk"',
    re.S,
)


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
            with Demonstration(Path(folder)) as running:
                take(browser, running.address, first_case(Path(folder) / "demo" / "payguard.sqlite3"))
        finally:
            browser.close()
    return 0


def first_case(database: Path) -> str:
    """The id of the case about the payment that the demonstration's first letter is about."""
    with contextlib.closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as opened:
        row = opened.execute("SELECT case_id FROM cases WHERE account_id = 'lin-xiaoyu'").fetchone()
    return str(row[0])


def take(browser: Browser, address: str, case_id: str) -> None:
    """Sign in as the demonstration's page says, and keep each page as it stands on a desktop by day."""
    browser.look(size=SIZE, dark=False, language="en")
    desk = sign_in(browser, address)
    for name, path in PAGES.items():
        browser.open(f"{desk}{path.format(case=case_id)}")
        browser.look(size=SIZE, dark=False, language="en")
        _keep(name, browser.picture(whole=False))


def sign_in(browser: Browser, address: str) -> str:
    """Sign the demonstration's agent in; where the desk is, without a slash at the end."""
    found = _SIGN_IN.search(httpx.get(address, timeout=30.0).text)
    assert found is not None, "the demonstration's page shows no sign-in"
    name, password, code, desk = found.groups()
    browser.open(f"{desk}/desk")
    for field, typed in (("n", name), ("p", password), ("c", code)):
        browser.find(f"#{field}").send_keys(typed)
    browser.follow("form button.main")
    browser.until(lambda: "sign-in" not in browser.path)
    return desk


def _keep(name: str, png: bytes) -> None:
    picture = Image.open(io.BytesIO(png)).convert("RGB")
    few = picture.quantize(COLOURS, dither=Image.Dither.NONE)
    few.save(FOLDER / f"{name}.png", optimize=True)


if __name__ == "__main__":
    sys.exit(main())
