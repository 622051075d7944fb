"""Makes docs/desk/*.png: the desk of the demonstration as its visitor meets it. Part of `make screenshot`."""

from __future__ import annotations

import asyncio
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

from services.desk.service import Desk  # noqa: E402
from services.staff.members import Member, made  # noqa: E402
from services.staff.sessions import Seen  # noqa: E402
from tests.browser.chromium import Browser, installed  # noqa: E402
from tests.browser.demonstration import Demonstration  # noqa: E402
from tests.browser.desk_served import DeskServed  # noqa: E402
from tests.services.cases.databases import migrate  # noqa: E402
from tests.services.desk.made import PASSWORD, SECRET  # noqa: E402

FOLDER = DOCS / "desk"
SIZE = (1440, 900)
#: As of the owners' pages.
COLOURS = 64
#: By the names of their pictures.
PAGES = {"case": "/desk/cases/{case}", "today": "/desk/today"}
MEMBERS = (
    ("chen.hao", "Chen Hao", "agent"),
    ("lin.mei", "Lin Mei", "senior"),
    ("audit.2027", "Yearly audit", "auditor"),
    ("xu.fang", "Xu Fang", "security"),
    ("zhao.lei", "Zhao Lei", "agent"),
)
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
            take_members(browser, Path(folder))
        finally:
            browser.close()
    return 0


def take_members(browser: Browser, folder: Path) -> None:
    """The page of members, at a desk of its own: the demonstration has no administrator."""
    asyncio.run(migrate(f"sqlite:///{folder / 'empty.db'}"))
    with DeskServed(folder, folder / "empty.db") as served:
        staff = served.desk.staff
        for name, shown, role in MEMBERS:
            member = made(name, role, shown, time_zone="Asia/Shanghai")
            served.run(staff.add_ready(member, "staff:he.jing", PASSWORD, SECRET))
            served.run(_signed_in(served.desk, member))
        served.run(staff.add(made("sun.yue", "agent", "Sun Yue"), "staff:he.jing"))
        served.run(staff.disable("zhao.lei", "staff:he.jing"))
        served.sign_in(browser, "admin", "he.jing")
        browser.open(f"{served.url}/desk/staff")
        browser.look(size=SIZE, dark=False, language="en")
        _keep("staff", browser.picture(whole=False))


async def _signed_in(desk: Desk, member: Member) -> None:
    async with desk.database.begin() as connection:
        await desk.staff.sessions.begin(connection, member, "password", Seen("203.0.113.9", "Firefox, Linux"))


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
