"""Makes docs/desk/*.png: the desk of the demonstration as its visitor meets it. Part of `make screenshot`."""

from __future__ import annotations

import asyncio
import io
import sys
import tempfile
from pathlib import Path

from PIL import Image

DOCS = Path(__file__).resolve().parent
if str(DOCS.parent) not in sys.path:
    sys.path.insert(0, str(DOCS.parent))

from services.desk.service import Desk  # noqa: E402
from services.staff.members import Member, made  # noqa: E402
from services.staff.sessions import Seen  # noqa: E402
from tests.browser.chromium import Browser, installed  # noqa: E402
from tests.browser.demonstration import Demonstration, agent_signs_in  # noqa: E402
from tests.browser.desk_hands import ENDINGS, close  # noqa: E402
from tests.browser.desk_served import DeskServed  # noqa: E402
from tests.browser.keyboard import Keyboard  # noqa: E402
from tests.services.attacks.attacked import attacked, followed  # noqa: E402
from tests.services.cases.databases import migrate  # noqa: E402
from tests.services.desk.made import PASSWORD, SECRET  # noqa: E402

FOLDER = DOCS / "desk"
SIZE = (1440, 900)
#: As of the owners' pages.
COLOURS = 64
#: By the names of their pictures: where each page is, and the keys that bring what is shown there. `{kind}` is a case of it.
PAGES: dict[str, tuple[str, str]] = {
    "queue": ("/desk", ""),
    "keys": ("/desk", "?"),
    "search": ("/desk/search?q=lin-xiaoyu", ""),
    "case": ("/desk/cases/{risk}", ""),
    "act": ("/desk/cases/{risk}", "z"),
    "message": ("/desk/cases/{risk}", "m"),
    "dispute": ("/desk/cases/{dispute}", ""),
    "top-up": ("/desk/cases/{top_up_missing}", ""),
    "payment-failure": ("/desk/cases/{payment_failed}", ""),
    "pack": ("/desk/cases/{dispute}/pack", ""),
}
#: What is seen once some cases were closed.
AFTERWARDS: dict[str, tuple[str, str]] = {"today": ("/desk/today", ""), "report": ("/desk/report", "")}
MEMBERS = (
    ("chen.hao", "Chen Hao", "agent"),
    ("lin.mei", "Lin Mei", "senior"),
    ("audit.2027", "Yearly audit", "auditor"),
    ("xu.fang", "Xu Fang", "security"),
    ("zhao.lei", "Zhao Lei", "agent"),
)
_CLOSED = 6
_FILLED, _FILLED_WITHIN_S, _CARRIED_OUT_S = 40, 400.0, 180.0
_CASE = "SELECT case_id FROM cases WHERE kind = ? AND state != 'resolved' ORDER BY next_due_at LIMIT 1"
_FIRST = "SELECT case_id FROM cases WHERE kind = 'risk' AND account_id = 'lin-xiaoyu'"


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
                take(browser, running)
            take_members(browser, Path(folder))
            take_attack(browser, Path(folder))
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


def take_attack(browser: Browser, folder: Path) -> None:
    """An attack, at a desk of its own: one has asked to hold money, another looks."""
    (folder / "attack").mkdir()
    asyncio.run(migrate(f"sqlite:///{folder / 'quiet.db'}"))
    with DeskServed(folder / "attack", folder / "quiet.db") as served:
        now, page = served.desk.clock(), f"{served.url}/desk/attacks/W-118"
        size = {"accounts": 2012, "fallen": 23, "sources": 312, "attempts": 86_852}
        served.run(attacked(served.desk.database, now=now, **size))
        served.run(followed(served.desk.database, now))
        served.sign_in(browser, "security", "zhou.lei")
        show(browser, page, "H")
        with browser.another_page():
            browser.press("22 can still pay\ue007")
        for name, language, dark in (("attack", "en", False), ("attack-zh-CN", "zh-CN", True)):
            served.sign_in(browser, "senior", f"li.na.{language[:2]}", language)
            browser.look(size=SIZE, dark=dark, language=language)
            browser.open(page)
            _keep(name, browser.picture(whole=False))


async def _signed_in(desk: Desk, member: Member) -> None:
    async with desk.database.begin() as connection:
        await desk.staff.sessions.begin(connection, member, "password", Seen("203.0.113.9", "Firefox, Linux"))


def take(browser: Browser, running: Demonstration) -> None:
    """Sign in as the demonstration's page says, and keep each page as it stands on a desktop by day; the queue by night, too."""
    browser.look(size=SIZE)
    count = "SELECT 1 FROM cases WHERE kind != 'risk'"
    browser.until(lambda: len(running.rows(count)) >= _FILLED, within_s=_FILLED_WITHIN_S)
    hands = Keyboard(browser)
    desk = agent_signs_in(hands, browser, running)
    cases = {
        kind: running.rows(_CASE, kind)[0][0] for kind in ("dispute", "top_up_missing", "payment_failed")
    }
    cases["risk"] = running.rows(_FIRST)[0][0]
    for name, (path, keys) in PAGES.items():
        show(browser, f"{desk}{path.format(**cases)}", keys)
        _keep(name, browser.picture(whole=False))
    closed = [work(browser, hands, running, desk) for _ in range(_CLOSED)]
    ended = "SELECT case_id FROM cases WHERE state = 'resolved'"
    browser.until(lambda: {*closed} <= {row[0] for row in running.rows(ended)}, within_s=_CARRIED_OUT_S)
    for name, (path, keys) in AFTERWARDS.items():
        show(browser, f"{desk}{path}", keys)
        _keep(name, browser.picture(whole=False))
    browser.open(f"{desk}/desk/me")
    browser.follow("form[action$='/me/language'] button")
    browser.look(size=SIZE, dark=True)
    show(browser, f"{desk}/desk", "")
    _keep("queue-zh-CN", browser.picture(whole=False))
    browser.follow(".top .who")
    browser.look(size=SIZE)
    browser.follow("form[action$='/sign-out'] button")
    browser.open(f"{desk}/desk/sign-in?lang=en")
    _keep("sign-in", browser.picture(whole=False))


def show(browser: Browser, address: str, keys: str) -> None:
    """Open a page, and bring by keys what belongs to it."""
    browser.open(address)
    if keys:
        browser.press(keys)
        browser.until(lambda: bool(browser.script("return !!document.querySelector('dialog:modal')")))


def work(browser: Browser, hands: Keyboard, running: Demonstration, desk: str) -> str:
    """Close a case that an alert opened, as fraud; its id."""
    browser.open(f"{desk}/desk?kind=risk")
    hands.and_go("n")
    close(hands, browser, *ENDINGS["risk"][0])
    return browser.path.split("/")[3]


def _keep(name: str, png: bytes) -> None:
    picture = Image.open(io.BytesIO(png)).convert("RGB")
    few = picture.quantize(COLOURS, dither=Image.Dither.NONE)
    few.save(FOLDER / f"{name}.png", optimize=True)


if __name__ == "__main__":
    sys.exit(main())
