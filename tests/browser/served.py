"""The pages behind a real server on loopback, in a thread with an event loop of its own, on the real clock."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Coroutine
from pathlib import Path
from typing import Any, TypeVar

import httpx

from services.api.application import server
from services.platform.database import Database
from services.platform.embedded import free_port
from tests.services.mfa.world import Clock, World, build
from tests.services.portal.site import site_app

_START_S = 20.0
T = TypeVar("T")


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


class Served:
    """Pages that a browser reaches at `url`. Use as a context manager."""

    world: World

    def __init__(self, folder: Path) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.clock = RealClock()
        self._database_url = f"sqlite:///{folder / 'pages.db'}"
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)

    def __enter__(self) -> Served:
        self._thread.start()
        self.run(self._start())
        return self

    def __exit__(self, *_: object) -> None:
        self.run(self._stop())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Do the work in the server's loop."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(_START_S)

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

    def enrolled(self) -> str:
        """The secret of li's authenticator, set up a minute ago."""
        self.clock.at -= 60.0  # which enrolling moves on again
        return self.run(self.world.enrolled())

    def state(self, challenge_id: str) -> str:
        """How the challenge stands."""
        found = self.run(self.world.service.challenge(challenge_id))
        assert found is not None
        return found.state

    async def _start(self) -> None:
        database = Database(self._database_url)
        await database.migrate()
        self.world = build(database, self.clock)
        self._app = site_app(self.world, self.url)
        self._key, _ = await self._app.state.keys.create("wallet", ["verify"])
        self._server = server(self._app, "127.0.0.1", self.port, own_signals=False)
        self._serving = asyncio.create_task(self._server.serve())
        while not self._server.started:  # noqa: ASYNC110 (it offers no event)
            await asyncio.sleep(0.02)

    async def _stop(self) -> None:
        self._server.should_exit = True
        await self._serving
        await self._app.state.keys.close()
        await self.world.database.close()
