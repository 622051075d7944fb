"""`payguard up`: stands everything up, shows it, plays the demo, and takes it down again without leaving a process behind."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import signal
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
from msgspec import Struct
from rich.console import Console

from contracts.errors import Unavailable
from services.bootstrap.centre import open_portal
from services.cli.live_page import stories_table
from services.cli.options import EXIT_AWAY, EXIT_BAD, print_json, say
from services.cli.terminal import Page
from services.http.api_keys import ApiKeys
from services.lab.demo.agents import Agent, hire
from services.lab.demo.board import Board
from services.lab.demo.demo import PEOPLE, Demo, Play, Urls
from services.lab.demo.ledger import Figures
from services.lab.demo.page import Stage, demo_app
from services.lab.demo.serving import Door
from services.lab.summarise.summary import StoryStep
from services.platform.background import say_when_ended
from services.platform.database import Database
from services.platform.embedded import PartNotAvailable
from services.platform.local_stack import LocalStack
from services.platform.settings import Settings

_INTERRUPTED = 130
_DEMO_HASH_KIB = 64
_POLL_S = 0.3
_ENDED = "the embedded {part} ended and what it held is gone; see the logs in {folder} and start again"


class UpOptions(Struct, frozen=True):
    """The flags of `payguard up`; `external` names the parts given by address."""

    demo: bool
    for_s: float | None
    external: frozenset[str]
    rate: float
    seed: int
    plain: bool
    picture: str | None
    as_json: bool


def stand_up(settings: Settings, options: UpOptions) -> int:
    """Run until Ctrl-C, or for the time given; the exit code. What it and its children write is for its user alone."""
    os.umask(0o077)
    if options.demo:
        # Its people's codes guard nothing, and all of them enrol within seconds.
        settings = msgspec.structs.replace(settings, recovery_code_memory_kib=_DEMO_HASH_KIB)
    folder = settings.data_dir or Path(".payguard") / ("demo" if options.demo else "up")
    if options.demo and settings.data_dir is None:
        shutil.rmtree(folder, ignore_errors=True)
    standing = LocalStack(settings, folder, options.external)
    try:
        return asyncio.run(_Up(standing, options).run())
    except PartNotAvailable as error:
        say(f"error: {error}")
        return EXIT_AWAY
    finally:
        standing.fall()


class _Up:
    def __init__(self, standing: LocalStack, options: UpOptions) -> None:
        self._standing = standing
        self._options = options
        self._board = Board()
        self._page = Page(self._board, plain=options.plain, quiet=options.as_json)
        self._stopping = asyncio.Event()
        self._interrupted = False
        self._door = Door() if options.demo else None
        self._agent: Agent | None = None

    async def run(self) -> int:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, self._interrupt)
        try:
            return await self._run()
        finally:
            # In a thread, so that a second Ctrl-C is heard meanwhile.
            await asyncio.to_thread(self._standing.fall)

    async def _run(self) -> int:
        if self._door is not None:
            self._page.door(self._door.address)
        starting = asyncio.create_task(self._standing.stand(self._page.tell))
        stopping = asyncio.create_task(self._stopping.wait())
        await asyncio.wait([starting, stopping], return_when=asyncio.FIRST_COMPLETED)
        if self._stopping.is_set():
            starting.cancel()
            await asyncio.gather(starting, return_exceptions=True)
            return _INTERRUPTED
        stopping.cancel()
        await starting
        self._board.links = self._links()
        keepers = [asyncio.create_task(process.keep(self._page.note)) for process in self._standing.processes]
        for keeper in keepers:
            say_when_ended(keeper, "supervisor")
        try:
            return await self._show()
        finally:
            await _end(*keepers)

    async def _show(self) -> int:
        self._board.started_s = time.monotonic()
        watching = asyncio.create_task(self._watch_parts())
        showing = asyncio.create_task(self._page.show())
        figures: Figures | None = None
        try:
            if self._options.demo:
                figures = await self._demo()
            else:
                self._board.phase = "running"
                await self._stopping.wait()
        finally:
            await _end(watching, showing)
            self._page.close()
        code = 0
        if figures is not None:
            code = report(figures, self._board.steps, None if self._options.as_json else self._page.console)
        if watching.done() and not watching.cancelled() and watching.exception() is not None:
            raise Unavailable(str(watching.exception()))
        return _INTERRUPTED if self._interrupted and self._options.for_s is not None else code

    async def _demo(self) -> Figures:
        options, standing = self._options, self._standing
        database = Database(standing.settings.database)
        keys = ApiKeys(database)
        try:
            self._agent = await hire(standing.settings, database)
            self._page.agent(self._agent.url, self._agent.name, self._agent.password)
            text, key = await keys.create(
                "demo wallet", ["ingest", "contacts", "verify", "support", "actions"], "payguard up"
            )
            play = Play(options.rate, options.seed, options.for_s, "kafka" not in options.external)
            urls = Urls(standing.url, standing.metrics_url)
            other, second = await keys.create("demo support", ["support"], "payguard up")
            demo = Demo(standing.settings, database, urls, (text, other), self._board, play)
            async with self._visited(demo, database):
                figures = await demo.run(self._stopping, self._picture)
            for used in (key, second):
                await keys.revoke(used.key_id, "payguard up")
            return figures
        finally:
            await keys.close()
            await database.close()

    @contextlib.asynccontextmanager
    async def _visited(self, demo: Demo, database: Database) -> AsyncIterator[None]:
        """Serve the demonstration's page meanwhile."""
        standing, door = self._standing, self._door or Door()
        doors = [
            ("api", "terminal", f"{standing.url}/docs"),
            ("document", "book", f"{standing.url}/openapi.json"),
            ("metrics", "chart", f"{standing.url}/metrics"),
            ("worker", "chart", standing.metrics_url),
        ]
        stage = Stage(PEOPLE, doors, standing.url, self._stopping, agent=self._agent)
        demo.on_stage = lambda showing: setattr(stage, "showing", showing)
        server = door.server(demo_app(stage, open_portal(standing.settings, database)))
        serving = asyncio.create_task(door.serve(server))
        try:
            yield
        finally:
            self._stopping.set()
            server.should_exit = True
            await asyncio.gather(serving, return_exceptions=True)
            door.close()

    async def _watch_parts(self) -> None:
        for_s = None if self._options.demo else self._options.for_s
        try:
            while not self._stopping.is_set():
                if (part := self._standing.part_that_ended()) is not None:
                    raise Unavailable(_ENDED.format(part=part, folder=self._standing.folder))
                if for_s is not None and self._board.running_s >= for_s:
                    return
                await asyncio.sleep(_POLL_S)
        finally:
            self._stopping.set()

    def _picture(self) -> None:
        if self._options.picture:
            self._page.save(Path(self._options.picture))

    def _links(self) -> list[tuple[str, str]]:
        standing = self._standing
        return [
            ("API", f"{standing.url}/openapi.json"),
            ("API metrics", f"{standing.url}/metrics"),
            ("worker metrics", standing.metrics_url),
            ("mails", _shown(standing.settings.outbox_dir or Path())),
            ("logs", _shown(standing.folder / "logs")),
        ]

    def _interrupt(self) -> None:
        if self._interrupted:
            self._page.close()
            self._standing.kill()
            os._exit(_INTERRUPTED)
        self._interrupted = True
        self._board.phase = "stopping"
        self._stopping.set()


def _shown(path: Path) -> str:
    """The path as a person would type it here."""
    absolute, here = path.resolve(), Path.cwd()
    return str(absolute.relative_to(here)) if absolute.is_relative_to(here) else str(absolute)


async def _end(*tasks: asyncio.Task[None]) -> None:
    for task in tasks:
        task.cancel()
    for task in tasks:
        with contextlib.suppress(asyncio.CancelledError, Unavailable):
            await task


def report(figures: Figures, steps: list[StoryStep], console: Console | None) -> int:
    """Print how the demo ended: on the console with the ledger last, or one JSON object without a console; its exit code."""
    if console is None:
        print_json({**msgspec.structs.asdict(figures), "stories": steps})
    else:
        console.print(stories_table(steps))
        if figures.effects_missing:
            console.print(f"{figures.effects_missing} effects have left no trace yet")
        sys.stdout.write(figures.line() + "\n")
    sys.stdout.flush()
    return 0 if figures.clean else EXIT_BAD
