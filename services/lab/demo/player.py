"""Plays people: their past at full speed, then everyday life and stories as they happen, over Kafka and HTTP."""

from __future__ import annotations

import asyncio
import heapq
import time
from collections.abc import Callable, Sequence
from random import Random
from typing import Any

import msgspec

from services.lab.demo.board import Board
from services.lab.demo.ledger import EventName, Ledger
from services.lab.demo.wallet import Wallet
from services.lab.demo.watch import Watch
from services.lab.people.behaviour import World, ordinary_day, session_at
from services.lab.people.events import Played
from services.lab.people.personas import Person
from services.lab.send.send import KafkaOut
from services.lab.simulate.stories import Story, tell
from services.lab.summarise.summary import step_of

HTTP_SHARE = 0.1
_HOUR_S = 3600.0
_PAYMENTS_AN_HOUR = 3
_STRIDE = 7  # without a common divisor with the number of people: everybody gets a turn
_HTTP_AT_ONCE = 16
_HAPPENS_NOW_S = 3 * 3600
_STEP_PAUSE_S = 0.12
_ANSWER_S = 30.0
_SURPRISE_EVERY_S = 3.0


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
        self._sessions = 0
        self._paid: dict[int, list[float]] = {}
        self._http: set[asyncio.Task[None]] = set()

    async def past(self, people: Sequence[Person], days: int) -> int:
        """Every person's days before now, in time order; enrolments are left to the wallet. Returns how many events."""
        count = 0
        for day in range(days):
            today = [played for who in people for played in ordinary_day(self._world, who, day)]
            today.sort(key=lambda played: played.event.at)
            for played in today:
                if played.event.__struct_config__.tag in ("account_change", "challenge_outcome"):
                    continue
                await self._send(played)
                count += 1
            await asyncio.sleep(0)
        return count

    async def everyday(self, people: Sequence[Person], enrolled: Sequence[Person], rate: float) -> None:
        """Ordinary sessions at `rate` events a second until cancelled, and now and then an owner's new phone."""
        rng = Random(f"everyday {self._world.seed}")
        due: list[tuple[float, int, Played]] = []
        turn = rng.randrange(len(people))
        next_surprise_s, surprised, sent = time.monotonic() + _SURPRISE_EVERY_S, 0, 0
        started_s = time.monotonic()
        while True:
            now = time.time()
            wanted = (time.monotonic() - started_s) * rate
            while sent < wanted and len(due) < wanted + rate - sent:
                who = people[turn * _STRIDE % len(people)]
                turn += 1
                for played in self._session(who, now, rng):
                    heapq.heappush(due, (played.event.at, self._sessions, played))
                    self._sessions += 1
                sent += await self._send_due(due, now, rng)
            sent += await self._send_due(due, now, rng)
            if time.monotonic() >= next_surprise_s and surprised < len(enrolled):
                next_surprise_s += _SURPRISE_EVERY_S
                await self._new_phone(enrolled[surprised], now, rng)
                surprised += 1
            await asyncio.sleep(0.02)

    async def story(self, story: Story, people: Sequence[Person], number: int) -> None:
        """Play one story: what lies less than three hours before its end happens now, step by step."""
        ends_at = time.time()
        prefix = f"{self._world.prefix}-{number}"
        for played in tell(story, people, ends_at, self._world.seed, prefix):
            if played.event.__struct_config__.tag == "challenge_outcome":
                continue  # the wallet answers by itself
            now = time.time()
            if played.event.at > ends_at - _HAPPENS_NOW_S:
                event = msgspec.structs.replace(played.event, occurred_at=int(now * 1000))
                played = msgspec.structs.replace(played, event=event)
            if played.fraud:
                self._wallet.strangers.add(played.event.event_id)
            answer = asyncio.create_task(self._watch.decision_of(played.event.event_id, _ANSWER_S))
            outcome = asyncio.create_task(self._watch.outcome_for(played.event.account_id, _ANSWER_S))
            await asyncio.sleep(0)
            await self._send(played)
            if played.expected is not None:
                decision = await answer
                step = step_of(story.title, played.event.event_id, played.expected, decision)
                self._board.steps.append(step)
                if decision is not None and decision.action == "challenge" and not played.fraud:
                    await outcome
            answer.cancel()
            outcome.cancel()
            await asyncio.sleep(_STEP_PAUSE_S)

    async def settle(self) -> None:
        """Wait for requests and records under way."""
        if self._http:
            await asyncio.gather(*self._http)
        await self._out.drain()

    def _session(self, who: Person, now: float, rng: Random) -> list[Played]:
        """An ordinary session; who paid often enough this hour only logs in."""
        session = session_at(self._world, who, now, self._sessions, rng)
        paid = [at for at in self._paid.get(who.number, ()) if at > now - _HOUR_S]
        if len(paid) + len(session) - 1 > _PAYMENTS_AN_HOUR:
            session = session[:1]
        self._paid[who.number] = paid + [played.event.at for played in session[1:]]
        return session

    async def _new_phone(self, who: Person, now: float, rng: Random) -> None:
        first = session_at(self._world, who, now, self._sessions, rng)[0]
        self._sessions += 1
        event = msgspec.structs.replace(
            first.event, device_id=who.next_phone.device_id, user_agent=who.next_phone.user_agent
        )
        await self._send(msgspec.structs.replace(first, event=event), live=True)

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
