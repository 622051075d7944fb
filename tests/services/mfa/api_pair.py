"""Two processes of the API over one database and one store, as behind a load balancer. No broker: they do without."""

from __future__ import annotations

import asyncio
import base64
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from services.http.api_keys import ApiKeys
from services.platform.database import Database
from services.platform.embedded import free_port
from services.platform.guarded_process import GuardedProcess
from services.platform.settings import Settings
from tests.chaos.stack import EVENT_KEY, environment_of
from tests.services.mfa.world import KEY, Clock, World, build

#: Nobody listens there.
NO_KAFKA = "127.0.0.1:1"
_READY_S = 60.0
_IN_HAND = 100
_KEY = base64.b64encode(KEY).decode()
_GRANT_KEY = base64.b64encode(bytes(reversed(range(32)))).decode()


@dataclass
class Pair:
    """`world` is this process's view of the same database. Its clock stands two minutes ago: enrol there, verify now."""

    world: World
    redis: str
    folder: Path
    processes: list[GuardedProcess] = field(default_factory=list)
    clients: list[httpx.AsyncClient] = field(default_factory=list)
    _ports: list[int] = field(default_factory=lambda: [free_port(), free_port()])

    async def start(self) -> None:
        """Start both and wait until they answer."""
        key, _ = await ApiKeys(self.world.database, time.time).create("wallet", ["verify"])
        for number, port in enumerate(self._ports):
            self._start(number)
            self.clients.append(
                httpx.AsyncClient(
                    base_url=f"http://127.0.0.1:{port}",
                    headers={"Authorization": f"Bearer {key}"},
                    limits=httpx.Limits(max_connections=_IN_HAND),
                    timeout=60.0,
                )
            )
        await asyncio.gather(self.ready(0), self.ready(1))

    async def ready(self, number: int) -> None:
        """Wait until a process answers."""
        async with asyncio.timeout(_READY_S):
            while True:
                try:
                    if (await self.clients[number].get("/healthz")).status_code == 200:
                        return
                except httpx.TransportError:
                    pass
                await asyncio.sleep(0.05)

    async def kill(self, number: int) -> None:
        """End a process as a power cut would."""
        await asyncio.to_thread(self.processes[number].kill9)

    async def revive(self, number: int) -> None:
        """Start it again on its port."""
        self._start(number)
        await self.ready(number)

    async def close(self) -> None:
        """End everything."""
        for client in self.clients:
            await client.aclose()
        for process in self.processes:
            await asyncio.to_thread(process.stop)
        await self.world.database.close()

    async def verify(self, number: int, challenge_id: str, code: str, **context: str) -> httpx.Response:
        """Offer a code at one of the two."""
        path = f"/v1/challenges/{challenge_id}/verify"
        return await self.clients[number % 2].post(path, json={"code": code, **context})

    async def everywhere(self, offers: list[tuple[str, str]], **context: str) -> list[httpx.Response]:
        """Offer (challenge id, code) all at once, each other one at the other process."""
        return await asyncio.gather(
            *(self.verify(number, *offer, **context) for number, offer in enumerate(offers))
        )

    async def enrolled(self, account_id: str) -> str:
        """The secret of an account that enrolled two minutes ago."""
        self.world.clock.at = time.time() - 180.0
        return await self.world.enrolled(account_id)

    async def issue(self, account_id: str, *challenge_ids: str) -> None:
        """Record challenges, issued now."""
        self.world.clock.at = time.time()
        for challenge_id in challenge_ids:
            await self.world.issue(challenge_id, account_id)

    def code(self, secret: str) -> str:
        """The code of this moment."""
        self.world.clock.at = time.time()
        return self.world.code(secret)

    def wrong(self, secret: str) -> str:
        """A code of no moment near."""
        self.world.clock.at = time.time()
        return self.world.wrong(secret)

    def _start(self, number: int) -> None:
        settings = Settings(
            kafka=NO_KAFKA,
            redis=self.redis,
            database=self.world.database.url.render_as_string(hide_password=False),
            http_port=self._ports[number],
            factor_key=_KEY,
            pseudonym_key=_KEY,
            grant_key=_GRANT_KEY,
            event_key=EVENT_KEY,
            log_level="WARNING",
        )
        process = GuardedProcess(
            [sys.executable, "-m", "services.cli.main", "api"],
            self.folder / f"api{number}.log",
            env=environment_of(settings),
        )
        self.processes[number:] = [process, *self.processes[number + 1 :]]


async def opened(database_url: str, redis: str, folder: Path) -> Pair:
    """Both processes, answering."""
    database = Database(database_url)
    await database.migrate()
    pair = Pair(build(database, Clock(time.time())), redis, folder)
    try:
        await pair.start()
    except TimeoutError:
        logs = "".join(log.read_text() for log in folder.glob("api*.log"))
        await pair.close()
        raise AssertionError(f"the API did not get ready:\n{logs}") from None
    return pair


def answers(responses: list[httpx.Response]) -> list[Any]:
    """Their bodies; all of them must be 200."""
    assert {response.status_code for response in responses} == {200}
    return [response.json() for response in responses]
