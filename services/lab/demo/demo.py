"""The demonstration: people get a past, then live, are attacked, and answer challenges, while everything is counted."""

from __future__ import annotations

import asyncio
import contextlib
import re
import time
from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path
from typing import Any

from msgspec import Struct

from contracts.errors import Unavailable
from services.events.own_events import event_macs
from services.lab.demo.board import Board
from services.lab.demo.casebook import Backlog
from services.lab.demo.desk import Desk
from services.lab.demo.everyday import Everyday
from services.lab.demo.ledger import Figures, Ledger, edge_now, edge_traces, effects_missing
from services.lab.demo.long_ago import reached_at
from services.lab.demo.owners import owners
from services.lab.demo.owners_day import OwnersDay
from services.lab.demo.pace import HURRIED, LEISURELY
from services.lab.demo.player import Player
from services.lab.demo.showing import Showing
from services.lab.demo.thwarted import Thwarted
from services.lab.demo.wallet import Wallet
from services.lab.demo.watch import Watch
from services.lab.people.behaviour import DAY_S, World
from services.lab.people.personas import Person, as_of, person
from services.lab.people.whereabouts import Whereabouts
from services.lab.send.send import KafkaOut
from services.lab.simulate.stories import LIVE, cast
from services.lab.summarise.replayed import words_in
from services.platform.database import Database
from services.platform.kafka_access import kafka_access
from services.platform.settings import Settings

PEOPLE = 800
PAST_DAYS = 14
_EVERYDAY_ENROLLED = 12
#: One of so many never gave the wallet an address, as it is with real ones.
_ONE_WITHOUT_ADDRESS = 20
_ROUND_PAUSE_S = 120.0
#: A busy machine is slow; one that decides nothing for so long is stuck.
_STUCK_S = 30.0
_QUIET_END_S = 9.0
_LOOK_EVERY_S = 0.5


class Play(Struct, frozen=True):
    """How to play: everyday events a second, seed, seconds of live play (None: until stopped), whether the topics are our own."""

    rate: float
    seed: int
    for_s: float | None
    own_topics: bool


class Urls(Struct, frozen=True):
    """Where the processes answer: the API, and the metrics page of the worker."""

    api: str
    worker_metrics: str


class Demo:
    """One demonstration against running processes.

    The first of `api_keys` has the scopes ingest, contacts, verify and support, the second is another person's of support.
    """

    def __init__(
        self,
        settings: Settings,
        database: Database,
        urls: Urls,
        api_keys: tuple[str, str],
        board: Board,
        play: Play,
    ) -> None:
        self.ledger = Ledger()
        self.board = board
        self._settings = settings
        self._database = database
        self._url, self._metrics_url = urls.api, urls.worker_metrics
        self._api_key, self._second_key = api_keys
        self._play = play
        now = int(time.time())
        start = now - now % DAY_S - PAST_DAYS * DAY_S
        self._world = World(play.seed, start, f"d{now:x}", afternoon_h=now % DAY_S / 3600)
        self._outbox = settings.outbox_dir or Path()
        self.owners = owners()
        #: hears of what the page may show, once there is something
        self.on_stage: Callable[[Showing], None] = lambda showing: None
        self._rounds = 1 if play.for_s is not None else 3
        needed = sum(story.people for story in LIVE.values()) * self._rounds
        self._everyday: Sequence[Person] = [person(play.seed, number) for number in range(PEOPLE)]
        self._cast: Sequence[Person] = [cast(play.seed, PEOPLE + number) for number in range(needed)]

    async def run(self, stopping: asyncio.Event, played: Callable[[], None]) -> Figures:
        """Play until the time is over or `stopping` is set, say that it was `played`, drain, and settle the ledger.

        Raises Unavailable when the events of the past are not decided.
        """
        import httpx

        board, prefix = self.board, self._world.prefix
        headers = {"Authorization": f"Bearer {self._api_key}"}
        watch = self._watch = Watch(
            self._settings, self.ledger, board, lambda event_id: event_id.startswith(prefix)
        )
        watch.words = words_in("en")
        await watch.start(whole=self._play.own_topics)
        async with (
            httpx.AsyncClient(base_url=self._url, headers=headers, timeout=10.0) as client,
            KafkaOut(
                self._settings.kafka,
                self._settings.topic_events,
                linger_ms=1,
                signing=event_macs(self._settings),
                access=kafka_access(self._settings),
            ) as out,
        ):
            wallet, desk = self._around(watch, client)
            queue = self._everyday[_EVERYDAY_ENROLLED:]
            backlog = Backlog(self._settings, self._database, wallet, desk, queue)
            player = Player(self._world, out, client, self.ledger, board, watch, wallet)
            beside = [asyncio.create_task(watch.run()), asyncio.create_task(self._look())]
            try:
                await _until(stopping, beside, self._acts(player, wallet, backlog))
                played()
                board.phase = "draining"
                await player.settle()
                missing = await self._drain()
                behind = bool(self.ledger.waiting) and await worker_is_behind(client, self._metrics_url)
            finally:
                await desk.close()
                await wallet.close()
                await _end(beside)
        traces = await edge_traces(self._database, self._outbox) if self._play.own_topics else []
        return self.ledger.figures(traces, missing, behind)

    def _around(self, watch: Watch, client: Any) -> tuple[Wallet, Desk]:
        """Who hears what PayGuard decides: the wallet, its support, and what the page shows."""
        wallet = Wallet(client, self.board)
        wallet.left_alone = frozenset(owner.account_id for owner in self.owners if owner.left_alone)
        desk, thwarted = Desk(client, self._second_key, self.board, wallet), Thwarted(wallet)
        watch.on_decision += [wallet.hears, desk.hears, thwarted.hears]
        watch.on_action = wallet.does
        self._showing = Showing(self.board, wallet, thwarted, client, self._outbox, self.owners)
        return wallet, desk

    async def _acts(self, player: Player, wallet: Wallet, backlog: Backlog) -> None:
        board, whereabouts = self.board, Whereabouts()
        day = OwnersDay(player.send, wallet, self.owners, self._world.prefix)
        known = [owner.person for owner in self.owners]
        locales = {owner.account_id: owner.locale for owner in self.owners}
        await self._enrol(wallet, known)
        await reached_at(self._database, known, locales, self._world.start_at)
        await self._live_past(player, [], known, whereabouts)
        self.on_stage(self._showing)
        visited = asyncio.create_task(day.run())
        try:
            enrolled = self._everyday[:_EVERYDAY_ENROLLED]
            alone = [who for story, people in self._casting() if story.people == 1 for who in people]
            await self._enrol(wallet, [*enrolled, *alone])
            reached = [who for who in self._everyday if who.number % _ONE_WITHOUT_ADDRESS]
            await reached_at(self._database, [*reached, *self._cast], {}, self._world.start_at)
            await self._live_past(player, self._everyday, self._cast, whereabouts)
            board.go_live()
            everyday = Everyday(self._world, self._everyday, whereabouts)
            life = asyncio.create_task(player.everyday(everyday, enrolled, self._play.rate))
            # Nobody visits a run that stops by itself.
            filled = asyncio.create_task(backlog.fill() if self._play.for_s is None else asyncio.sleep(0))
            try:
                await asyncio.gather(self._stories(player), filled)
                for_s = self._play.for_s
                left_s = None if for_s is None else max(for_s - board.live_s, 0.0)
                both = [life, visited]
                done, _ = await asyncio.wait(both, timeout=left_s, return_when=asyncio.FIRST_COMPLETED)
                for ended in done:
                    ended.result()
            finally:
                await _end([life, filled])
        finally:
            await _end([visited])

    async def _enrol(self, wallet: Wallet, people: Sequence[Person]) -> None:
        given = await wallet.enrol(people, self._settings, self._database, self._world.start_at)
        while unknown := len(given - self._watch.enrolled):
            self.board.phase = f"enrolling second factors, {unknown} to go"
            await asyncio.sleep(0.1)

    async def _live_past(
        self, player: Player, people: Sequence[Person], cast: Sequence[Person], whereabouts: Whereabouts
    ) -> None:
        self.board.phase = "playing the past"
        await player.past(people, cast, PAST_DAYS, whereabouts)
        await player.settle()
        async for waiting in self._while_moving(lambda: self.ledger.waiting):
            self.board.phase = f"learning the past, {waiting:,} events to go"
        if self.ledger.waiting:
            raise Unavailable(f"no event was decided for {_STUCK_S:.0f} s; see the worker's log")

    def _casting(self) -> list[tuple[Any, Sequence[Person]]]:
        casting: list[tuple[Any, Sequence[Person]]] = []
        offset = 0
        for _ in range(self._rounds):
            for story in LIVE.values():
                people = self._cast[offset : offset + story.people]
                casting.append((story, [as_of(who, PAST_DAYS) for who in people]))
                offset += story.people
        return casting

    async def _stories(self, player: Player) -> None:
        left_s = None if self._play.for_s is None else self._play.for_s - _QUIET_END_S
        pause_s = 8.0 if left_s is None else min(max(left_s, 0.0) / len(LIVE), 8.0)
        pace = LEISURELY if left_s is None else HURRIED
        playing: list[asyncio.Task[None]] = []
        for number, (story, people) in enumerate(self._casting()):
            playing.append(asyncio.create_task(player.story(story, people, number, pace)))
            await asyncio.sleep(pause_s)
            if (number + 1) % len(LIVE) == 0 and number + 1 < len(LIVE) * self._rounds:
                await asyncio.sleep(_ROUND_PAUSE_S)
        await asyncio.gather(*playing)

    async def _drain(self) -> int:
        """Wait until every accepted event is decided and every effect has left its trace; how many effects have not."""
        missing = 0

        def left() -> int:
            return self.ledger.waiting + missing

        with contextlib.suppress(Unavailable):
            missing = await effects_missing(self._database, self.ledger.effects)
        async for _ in self._while_moving(left):
            with contextlib.suppress(Unavailable):
                missing = await effects_missing(self._database, self.ledger.effects)
        return missing

    async def _while_moving(self, left: Callable[[], int]) -> AsyncIterator[int]:
        """What is left, each quarter second, until nothing is or nothing was done for `_STUCK_S`."""
        least, moved_s = left(), time.monotonic()
        while now_left := left():
            yield now_left
            await asyncio.sleep(0.25)
            if left() < least:
                least, moved_s = left(), time.monotonic()
            elif time.monotonic() - moved_s > _STUCK_S:
                return

    async def _look(self) -> None:
        while True:
            with contextlib.suppress(Unavailable):
                self.board.edge = await edge_now(self._database, self._outbox)
            self.board.p50_ms = self.ledger.latency_ms(0.50, recent=True) or None
            self.board.p95_ms = self.ledger.latency_ms(0.95, recent=True) or None
            self.board.p99_ms = self.ledger.latency_ms(0.99, recent=True) or None
            await asyncio.sleep(_LOOK_EVERY_S)


async def _until(stopping: asyncio.Event, beside: list[asyncio.Task[None]], work: Any) -> None:
    """Do `work` until `stopping` is set; whatever fails first, it or one of `beside`, is raised."""
    working, stopped = asyncio.create_task(work), asyncio.create_task(stopping.wait())
    try:
        done, _ = await asyncio.wait([working, stopped, *beside], return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()
    finally:
        await _end([working, stopped])


async def _end(tasks: Sequence[asyncio.Task[Any]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


_LAG = re.compile(r"^payguard_consumer_lag_records\{[^}]*\} ([0-9.eE+]+)$", re.MULTILINE)


async def worker_is_behind(client: Any, url: str) -> bool:
    """True while events wait for the worker, or when its page at `url` does not answer. `client` is an httpx client."""
    import httpx

    try:
        page = (await client.get(url)).text
    except httpx.TransportError:
        return True
    return is_behind(page)


def is_behind(page: str) -> bool:
    """True when the metrics page names records that wait, or no partition at all."""
    lags = [float(lag) for lag in _LAG.findall(page)]
    return not lags or any(lags)
