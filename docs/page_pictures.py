"""Makes docs/pages/*.png: the pages for users as a phone shows them. Part of `make screenshot`."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

DOCS = Path(__file__).resolve().parent
if str(DOCS.parent) not in sys.path:
    sys.path.insert(0, str(DOCS.parent))

from services.mfa.tables import challenges  # noqa: E402
from tests.browser.chromium import PHONE, Browser, installed  # noqa: E402
from tests.browser.served import Served  # noqa: E402

FOLDER = DOCS / "pages"
SHARPNESS = 1.5
SCHEMES = {"light": (False, "en"), "dark": (True, "zh-CN")}


def main() -> int:
    """Take every picture; 1 without a browser."""
    programs = installed()
    if programs is None:
        sys.stderr.write("install chromium and chromium-driver\n")
        return 1
    FOLDER.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, Served(Path(folder)) as served:
        browser = Browser(programs, Path(folder) / "profile")
        try:
            for number, (scheme, (dark, language)) in enumerate(SCHEMES.items()):
                browser.look(size=PHONE, dark=dark, language=language, sharpness=SHARPNESS)
                _enrol(browser, served, FOLDER / f"enrol-{scheme}.png")
                _approve(browser, served, f"c{number}", FOLDER / f"approve-{scheme}.png")
        finally:
            browser.close()
    return 0


def _enrol(browser: Browser, served: Served, picture: Path) -> None:
    browser.go(served.enrol_link())
    browser.until_at("/my/factor")
    browser.follow("button.main")
    browser.until_at("/my/factor/start")
    picture.write_bytes(browser.picture())


def _approve(browser: Browser, served: Served, challenge_id: str, picture: Path) -> None:
    served.run(served.world.issue(challenge_id))
    served.run(_about(served, "4120.00", "chen-wei-4471"))
    browser.go(served.link("challenge", challenge_id=challenge_id, device_name="Pixel 9"))
    browser.until_at("/my/approve")
    picture.write_bytes(browser.picture())


async def _about(served: Served, amount: str, payee_id: str) -> None:
    async with served.world.database.begin() as connection:
        await connection.execute(challenges.update().values(amount=amount, payee_id=payee_id))


if __name__ == "__main__":
    sys.exit(main())
