"""The pages behind a real server on loopback, on the real clock."""

from __future__ import annotations

import shutil
import time
from pathlib import Path
from typing import Any

import httpx
from fastapi import FastAPI
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from services.platform.database import Database
from tests.browser.in_thread import InThread
from tests.services.mfa.world import Clock, World, build
from tests.services.portal.site import Site, client, site_app


class RealClock(Clock):
    """Epoch seconds of this machine, moved by what the test adds."""

    def __init__(self) -> None:
        self._ahead_s = 0.0

    @property
    def at(self) -> float:
        """Now; set it to move the clock."""
        return time.time() + self._ahead_s

    @at.setter
    def at(self, at: float) -> None:
        self._ahead_s = at - time.time()

    def __call__(self) -> float:
        return self.at


class Served(InThread):
    """Pages that a browser reaches at `url`. Use as a context manager."""

    world: World
    site: Site

    def __init__(self, folder: Path, migrated: Path | None = None) -> None:
        """`migrated`: a database's file to begin with, which saves the time of the migrations."""
        super().__init__()
        self.clock = RealClock()
        #: Pages that look again by themselves stay as they are while this is set: somebody looks at them for long.
        self.stays = False
        self._database_url = f"sqlite:///{folder / 'pages.db'}"
        if migrated is not None:
            shutil.copy(migrated, folder / "pages.db")

    def link(self, purpose: str, **more: Any) -> str:
        """A new link for the account li, as the wallet's backend gets it."""
        wanted = {"account_id": "li", "purpose": purpose, **more}
        headers = {"authorization": f"Bearer {self._key}"}
        answer = httpx.post(f"{self.url}/v1/links", json=wanted, headers=headers)
        assert answer.status_code == 201, answer.text
        url: str = answer.json()["url"]
        return url

    def enrol_link(self) -> str:
        """A link to set up an authenticator, the password just given."""
        return self.link("enrol", proved_at=self.clock())

    def challenge_link(self, challenge_id: str, **more: Any) -> str:
        """A link to a new challenge."""
        self.run(self.world.issue(challenge_id))
        return self.link("challenge", challenge_id=challenge_id, **more)

    def enrolled(self, account_id: str = "li") -> str:
        """The secret of the account's authenticator, set up a minute ago."""
        self.clock.at -= 60.0  # which enrolling moves on again
        return self.run(self.world.enrolled(account_id))

    def state(self, challenge_id: str) -> str:
        """How the challenge stands."""
        found = self.run(self.world.service.challenge(challenge_id))
        assert found is not None
        return found.state

    async def _open(self) -> FastAPI:
        database = Database(self._database_url)
        await database.migrate()
        self.world = build(database, self.clock)
        self._app = site_app(self.world, self.url)
        self.site = Site(self.world, self._app, client(self._app), client(self._app))
        self._key, _ = await self._app.state.keys.create("wallet", ["verify"])
        self._app.add_middleware(_Staying, served=self)
        return self._app

    async def _shut(self) -> None:
        await self._app.state.keys.close()
        await self.world.database.close()


class _Staying:
    """Leaves the header Refresh out while pages are to stay."""

    def __init__(self, app: ASGIApp, served: Served) -> None:
        self._app, self._served = app, served

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def answer(message: Message) -> None:
            if message["type"] == "http.response.start" and self._served.stays:
                message["headers"] = [each for each in message["headers"] if each[0].lower() != b"refresh"]
            await send(message)

        await self._app(scope, receive, answer)
