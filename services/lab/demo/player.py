"""Plays people: their past at full speed, then everyday life and stories as they happen, over Kafka and HTTP."""

from __future__ import annotations

import asyncio
import heapq
import time
from collections.abc import Callable, Iterator, Sequence
from random import Random
from typing import Any

from services.lab.demo.board import Board
from services.lab.demo.everyday import Everyday
from services.lab.demo.ledger import EventName, Ledger
from services.lab.demo.pace import Pace, steps
from services.lab.demo.wallet import Wallet
from services.lab.demo.watch import Watch
from services.lab.people.behaviour import DAY_S, World, ordinary_day
from services.lab.people.events import Played
from services.lab.people.personas import Person
from services.lab.people.whereabouts import Whereabouts
from services.lab.send.send import KafkaOut
from services.lab.simulate.stories import Story, tell
from services.lab.summarise.summary import step_of

HTTP_SHARE = 0.1
_HTTP_AT_ONCE = 16
_ANSWER_S = 30.0
_SURPRISE_EVERY_S = 8.0
_BREATHES_EVERY = 100
_BY_THE_WALLET = ("account_change", "challenge_outcome")


class Player:
    """Sends events and tells the ledger which were accepted; latency is measured for everyday events."""

    def __init__(
        self,
        world: World,
        out: KafkaOut,
        client: Any,
        ledger: Ledger,
        board: Board,
        watch: Watch,
        wallet: Wallet,
    ) -> None:
        self._world = world
        self._out = out
        self._client = client
        self._ledger = ledger
        self._board = board
        self._watch = watch
        self._wallet = wallet
        self._http: set[asyncio.Task[None]] = set()

    async def past(
        self, people: Sequence[Person], cast: Sequence[Person], days: int, whereabouts: Whereabouts
    ) -> None:
        """Everybody's days before now, in time order, and where they left them."""
        for count, played in enumerate(past_of(self._world, people, cast, days, time.time())):
            if count % _BREATHES_EVERY == 0:
                await asyncio.sleep(0)  # the page is answered meanwhile
            whereabouts.note(played)
            await self._send(played)

    async def everyday(self, life: Everyday, enrolled: Sequence[Person], rate: float) -> None:
        """Ordinary sessions at `rate` events a second until cancelled, and now and then an owner's new phone."""
        rng = Random(f"player {self._world.seed}")
        due: list[tuple[float, int, Played]] = []
        next_surprise_s, surprised, sent, put = time.monotonic() + _SURPRISE_EVERY_S, 0, 0, 0
        started_s = time.monotonic()
        while True:
            now = time.time()
            wanted = (time.monotonic() - started_s) * rate
            while sent + len(due) < wanted and (session := life.session(now)):
                for played in session:
                    heapq.heappush(due, (played.event.at, put, played))
                    put += 1
                sent += await self._send_due(due, now, rng)
            sent += await self._send_due(due, now, rng)
            if time.monotonic() >= next_surprise_s and surprised < len(enrolled):
                next_surprise_s += _SURPRISE_EVERY_S
                for played in life.new_phone(enrolled[surprised], now):
                    await self._send(played, live=True)
                surprised += 1
            await asyncio.sleep(0.02)

    async def story(self, story: Story, people: Sequence[Person], number: int, pace: Pace) -> None:
        """Play one story step by step, as fast as `pace` lets it happen."""
        prefix = f"{self._world.prefix}-{number}"
        for step in steps(tell(story, people, time.time(), self._world.seed, prefix), pace):
            await asyncio.sleep(step.after_s or 0.0)
            played = step.at(time.time())
            if played.fraud:
                self._wallet.strangers.add(played.event.event_id)
            answer = asyncio.create_task(self._watch.decision_of(played.event.event_id, _ANSWER_S))
            outcome = asyncio.create_task(self._watch.outcome_for(played.event.account_id, _ANSWER_S))
            await asyncio.sleep(0)
            await self._send(played)
            if played.expected is not None:
                decision = await answer
                told = step_of(story.title, played.event.event_id, played.expected, decision)
                self._board.steps.append(told)
                if decision is not None and decision.action == "challenge" and not played.fraud:
                    await outcome
            answer.cancel()
            outcome.cancel()

    async def send(self, played: Played) -> None:
        """Send one event now."""
        await self._send(played)

    async def settle(self) -> None:
        """Wait for requests and records under way."""
        if self._http:
            await asyncio.gather(*self._http)
        await self._out.drain()

    async def _send_due(self, due: list[tuple[float, int, Played]], now: float, rng: Random) -> int:
        count = 0
        while due and due[0][0] <= now:
            _, _, played = heapq.heappop(due)
            over_http = rng.random() < HTTP_SHARE and len(self._http) < _HTTP_AT_ONCE
            await self._send(played, live=True, over_http=over_http)
            count += 1
        return count

    async def _send(self, played: Played, live: bool = False, over_http: bool = False) -> None:
        event, at_s = (played.event.account_id, played.event.event_id), time.monotonic()
        if live:
            self._ledger.hand_over(event, at_s)
        self._board.events.add(1, at_s)
        if over_http:
            task = asyncio.create_task(self._post(event, played.wire()))
            self._http.add(task)
            task.add_done_callback(self._http.discard)
            return
        await self._out.put(played.event.account_id.encode(), played.wire(), _accepting(self._ledger, event))

    async def _post(self, event: EventName, body: bytes) -> None:
        import httpx

        try:
            response = await self._client.post(
                "/v1/events", content=body, headers={"Content-Type": "application/json"}
            )
        except httpx.TransportError:
            self._ledger.refuse(event)
            return
        if response.status_code in (200, 202):
            self._ledger.accept(event)
        else:
            self._ledger.refuse(event)


def _accepting(ledger: Ledger, event: EventName) -> Callable[[], None]:
    return lambda: ledger.accept(event)


def past_of(
    world: World, people: Sequence[Person], cast: Sequence[Person], days: int, now: float
) -> Iterator[Played]:
    """The days before `now` (epoch seconds), in time order, without enrolments, which the wallet has made.

    Whom a story will meet does nothing on the last day, so that there is time for a journey.
    """
    resting = {who.account_id for who in cast}
    for day in range(days):
        today = [played for who in (*people, *cast) for played in ordinary_day(world, who, day)]
        today.sort(key=lambda played: played.event.at)
        for played in today:
            rests = played.event.at > now - DAY_S and played.event.account_id in resting
            if not rests and played.event.__struct_config__.tag not in _BY_THE_WALLET:
                yield played
