"""The whole API, with its desk, behind a real server on loopback, and a browser that is signed in there."""

from __future__ import annotations

import shutil
from pathlib import Path

from fastapi import FastAPI

from services.desk.service import Desk
from services.platform.database import Database
from services.staff.members import Member
from services.staff.sessions import Seen
from tests.browser.chromium import Browser
from tests.browser.in_thread import InThread
from tests.services.api.world import World, opened
from tests.services.desk.browser import COOKIE
from tests.services.desk.made import hired


class DeskServed(InThread):
    """A desk that a browser reaches at `url`. Use as a context manager."""

    world: World

    def __init__(self, folder: Path, migrated: Path) -> None:
        """`migrated` is a database's file to begin with."""
        super().__init__()
        self._file = folder / "desk.db"
        shutil.copy(migrated, self._file)

    @property
    def desk(self) -> Desk:
        """The application's desk."""
        desk: Desk = self.world.app.state.desk
        return desk

    def sign_in(self, browser: Browser, role: str = "agent", name: str = "", locale: str = "en") -> Member:
        """Sign a new member of that role in, in this browser."""
        member, text = self.run(self._begun(role, name, locale))
        browser.command("Network.enable")
        cookie = {"name": COOKIE, "value": text, "url": f"{self.url}/desk", "path": "/desk", "httpOnly": True}
        browser.driver.execute_cdp_cmd("Network.setCookie", cookie)
        return member

    def later(self, seconds: float = 31.0) -> None:
        """Let time pass, and the acts that are due be carried out."""
        self.desk.clock.at += seconds  # type: ignore[attr-defined]
        self.run(self.desk.acts.carry_out())

    async def _begun(self, role: str, name: str, locale: str) -> tuple[Member, str]:
        staff = self.desk.staff
        member = await hired(staff, role, name, locale)
        async with staff.database.begin() as connection:
            seen = Seen("203.0.113.9", "Firefox, Linux")
            return member, await staff.sessions.begin(connection, member, "password", seen)

    async def _open(self) -> FastAPI:
        self._database = Database(f"sqlite:///{self._file}")
        self.world = await opened(self._database)
        return self.world.app

    async def _shut(self) -> None:
        await self.world.client.aclose()
        await self._database.close()
