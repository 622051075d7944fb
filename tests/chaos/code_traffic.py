"""Clients that offer codes at two processes of the API while these are being killed, and what they were answered."""

from __future__ import annotations

import asyncio
import random
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

import httpx

from contracts.errors import Unavailable
from services.memory.redis_store import RedisChallengeIntake
from tests.services.mfa.api_pair import Pair
from tests.services.mfa.world import asked

CLIENTS = 24
#: How long one client goes on until it has an answer.
_PATIENCE_S = 90.0
_BETWEEN_TRIES_S = 0.1
#: None of them is six digits, full-width ones and spaces between them included.
MALFORMED = ("12345", "1234567", "\uff11\uff12\uff13\uff14\uff15", "12 456", "١٢٣٤٥٦", "")
NOBODY_S = "nobody-issued-"


@dataclass(frozen=True)
class Holder:
    """An account whose owner has an authenticator, a network and a device."""

    account_id: str
    secret: str
    ip: str
    device_id: str


@dataclass
class Offers:
    """What the clients know of one challenge: answers of each kind, requests whose answer was lost, and grants."""

    account_id: str
    passed: int = 0
    refused: int = 0
    lost: int = 0
    codes_that_passed: set[str] = field(default_factory=set)
    grants: set[str] = field(default_factory=set)


class Traffic:
    """Scenes at random over the accounts, until `total` verifications have been answered."""

    def __init__(
        self, pair: Pair, intake: RedisChallengeIntake, holders: list[Holder], total: int, seed: int
    ) -> None:
        self.offers: dict[str, Offers] = {}
        self.statuses: Counter[int] = Counter()
        self.answered = 0
        self._pair = pair
        self._intake = intake
        self._total = total
        self._random = random.Random(seed)
        # A tenth of the accounts belongs to those who guess: their locks keep nobody else out.
        tenth = max(1, len(holders) // 10)
        self._guessed, self._owned = holders[:tenth], holders[tenth:]
        self._scenes: list[tuple[int, Callable[[], Awaitable[None]]]] = [
            (30, self._right),
            (12, self._crowd),
            (12, self._one_code_at_two_challenges),
            (14, self._wrong_and_then_right),
            (6, self._reused_later),
            (5, self._guessing),
            (8, self._malformed),
            (6, self._expired),
            (4, self._nobodys),
        ]

    async def run(self) -> None:
        """All clients until the total is reached."""
        async with asyncio.TaskGroup() as group:
            for _ in range(CLIENTS):
                group.create_task(self._client())

    async def _client(self) -> None:
        weights = [weight for weight, _ in self._scenes]
        while self.answered < self._total:
            [(_, scene)] = self._random.choices(self._scenes, weights)
            await scene()

    async def _right(self) -> None:
        holder, challenge_id = await self._challenged()
        code = self._pair.code(holder.secret)
        await self._offer(holder, challenge_id, code)
        if self._random.random() < 0.3:
            await self._offer(holder, challenge_id, code)

    async def _crowd(self) -> None:
        """The same code of the same challenge by several clients at once."""
        holder, challenge_id = await self._challenged()
        code = self._pair.code(holder.secret)
        await asyncio.gather(*(self._offer(holder, challenge_id, code) for _ in range(4)))

    async def _one_code_at_two_challenges(self) -> None:
        holder, one = await self._challenged()
        _, other = await self._challenged(holder)
        code = self._pair.code(holder.secret)
        await asyncio.gather(*(self._offer(holder, each, code) for each in (one, other, one, other)))

    async def _wrong_and_then_right(self) -> None:
        holder, challenge_id = await self._challenged()
        for _ in range(self._random.randint(1, 2)):
            await self._offer(holder, challenge_id, self._pair.wrong(holder.secret))
        await self._offer(holder, challenge_id, self._pair.code(holder.secret))

    async def _reused_later(self) -> None:
        holder, challenge_id = await self._challenged()
        code = self._pair.code(holder.secret)
        await self._offer(holder, challenge_id, code)
        _, later = await self._challenged(holder)
        await self._offer(holder, later, code)

    async def _guessing(self) -> None:
        """More wrong codes than a challenge takes, some at once, and then the right one, from nobody knows where."""
        holder, challenge_id = await self._challenged(self._random.choice(self._guessed))
        wrong = self._pair.wrong(holder.secret)
        for _ in range(2):
            await asyncio.gather(*(self._offer(holder, challenge_id, wrong, known=False) for _ in range(3)))
        await self._offer(holder, challenge_id, self._pair.code(holder.secret), known=False)

    async def _malformed(self) -> None:
        holder, challenge_id = await self._challenged()
        answer = await self._offer(holder, challenge_id, self._random.choice(MALFORMED))
        assert answer.status_code == 400

    async def _expired(self) -> None:
        holder, challenge_id = await self._challenged(lifetime_s=0)
        await self._offer(holder, challenge_id, self._pair.code(holder.secret))

    async def _nobodys(self) -> None:
        holder = self._random.choice(self._owned)
        challenge_id = f"{NOBODY_S}{len(self.offers)}"
        self.offers[challenge_id] = Offers(holder.account_id)
        await self._offer(holder, challenge_id, self._pair.code(holder.secret))

    async def _challenged(self, holder: Holder | None = None, lifetime_s: int = 300) -> tuple[Holder, str]:
        """A new challenge, for one in five so new that the store alone has it."""
        holder = holder or self._random.choice(self._owned)
        challenge_id = f"challenge-{len(self.offers)}"
        self.offers[challenge_id] = Offers(holder.account_id)
        if lifetime_s and self._random.random() < 0.2:
            await self._until_done(
                lambda: self._intake.open([asked(challenge_id, holder.account_id, lifetime_s)])
            )
        else:
            self._pair.world.clock.at = time.time()
            await self._pair.world.issue(challenge_id, holder.account_id, lifetime_s)
        return holder, challenge_id

    async def _until_done(self, work: Callable[[], Awaitable[object]]) -> None:
        async with asyncio.timeout(_PATIENCE_S):
            while True:
                try:
                    await work()
                    return
                except Unavailable:
                    await asyncio.sleep(_BETWEEN_TRIES_S)

    async def _offer(
        self, holder: Holder, challenge_id: str, code: str, known: bool = True
    ) -> httpx.Response:
        """Offer until there is an answer that decides, at the other process after each try."""
        whence = {"ip": holder.ip, "device_id": holder.device_id} if known else {}
        told, process = self.offers[challenge_id], self._random.randrange(2)
        async with asyncio.timeout(_PATIENCE_S):
            while True:
                try:
                    answer = await self._pair.verify(process, challenge_id, code, **whence)
                except httpx.ConnectError:
                    answer = None
                except httpx.TransportError:
                    told.lost += 1
                    answer = None
                if answer is not None:
                    self.statuses[answer.status_code] += 1
                    if answer.status_code != 503:
                        break
                process += 1
                await asyncio.sleep(_BETWEEN_TRIES_S)
        self._note(told, answer, code)
        return answer

    def _note(self, told: Offers, answer: httpx.Response, code: str) -> None:
        self.answered += 1
        if answer.status_code != 200:
            return
        body = answer.json()
        if body["result"] == "passed":
            told.passed += 1
            told.codes_that_passed.add(code)
            told.grants.add(body["grant"])
        else:
            told.refused += 1
