"""The simulated wallet's side of the second factor: it enrols its people over HTTP and answers their challenges."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable
from typing import Any

from msgspec import Struct, json

from contracts.decisions import Decision, IssueChallenge
from contracts.errors import Unavailable
from services.lab.demo.board import Board
from services.lab.people.personas import Person

_STEP_S = 30.0
_AT_ONCE = 8
_TRIES = 3
_CONFIRMS = 2


class _NewFactor(Struct, frozen=True):
    secret: str


class _Verification(Struct, frozen=True):
    result: str


class _Link(Struct, frozen=True):
    url: str


class Wallet:
    """Knows its people's secrets, as their phones do. `client` speaks to the API with a key of scopes ingest and verify."""

    def __init__(self, client: Any, board: Board) -> None:
        self._client = client
        self._board = board
        self._secrets: dict[str, str] = {}
        self._last_step: dict[str, int] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        #: events made by an attacker, who has no code
        self.strangers: set[str] = set()

    async def enrol(self, people: Iterable[Person]) -> set[str]:
        """Give each a factor and an address for notices; the accounts whose factor was confirmed."""
        gate = asyncio.Semaphore(_AT_ONCE)

        async def one(who: Person) -> str | None:
            async with gate:
                return who.account_id if await self._enrol(who) else None

        return {given for given in await asyncio.gather(*(one(who) for who in people)) if given is not None}

    def hears(self, decision: Decision) -> None:
        """Answer a challenge in the background: the owner types the code, a stranger guesses once."""
        challenge = next((effect for effect in decision.effects if isinstance(effect, IssueChallenge)), None)
        if challenge is None:
            return
        stranger = decision.event_id in self.strangers
        if decision.account_id not in self._secrets and not stranger:
            self._board.wallet["no factor"] += 1
            return
        work = (
            self._guess(decision.account_id, challenge)
            if stranger
            else self._answer(decision.account_id, challenge)
        )
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def prove(self, account_id: str) -> None:
        """What an owner does before his account is let go: a code of the factor, or a new factor, and another password."""
        if account_id in self._secrets:
            code = await self._fresh_code(account_id)
            await self._post(f"/v1/accounts/{account_id}/totp/recovery-codes", {"code": code})
        else:
            await self._bind(account_id)
        now_ms = int(time.time() * 1000)
        event = {"type": "account_change", "event_id": f"password-{now_ms}", "account_id": account_id}
        await self._post("/v1/events", {**event, "occurred_at": now_ms, "change": "password_change"})

    async def close(self) -> None:
        """Stop answering."""
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _enrol(self, who: Person) -> bool:
        path = f"/v1/accounts/{who.account_id}"
        locale = "zh-CN" if who.city.currency == "CNY" else "en"
        contact = {"email": f"{who.account_id}@people.example", "locale": locale, "time_zone": who.city.zone}
        await self._post(f"{path}/contact", contact, method="PUT")
        return await self._bind(who.account_id)

    async def _bind(self, account_id: str) -> bool:
        import pyotp

        path = f"/v1/accounts/{account_id}/totp"
        made = await self._post(path, {"proved_at": int(time.time() * 1000)})
        if made.status_code != 201:
            return False
        secret = json.decode(made.content, type=_NewFactor).secret
        for _ in range(_CONFIRMS):
            # The code of the step before is still good, and leaves the present step for the first challenge. One that is
            # on its way while the step ends comes too late, and is typed again.
            code = pyotp.TOTP(secret).at(int(time.time() - _STEP_S))
            confirmed = await self._post(f"{path}/confirm", {"code": code})
            if (
                confirmed.status_code == 200
                and json.decode(confirmed.content, type=_Verification).result == "confirmed"
            ):
                self._secrets[account_id] = secret
                return True
        return False

    async def _answer(self, account_id: str, challenge: IssueChallenge) -> None:
        await asyncio.sleep(0.3)  # a person reaches for the phone
        for _ in range(_TRIES):
            if await self._verify(challenge, await self._fresh_code(account_id)) == "passed":
                self._board.wallet["passed"] += 1
                return
        self._board.wallet["not passed"] += 1

    async def _fresh_code(self, account_id: str) -> str:
        """A code that was not typed yet: a step's code is good once, so who was quick waits for the next."""
        import pyotp

        while True:
            step = int(time.time() / _STEP_S)
            if step > self._last_step.get(account_id, 0):
                self._last_step[account_id] = step
                return pyotp.TOTP(self._secrets[account_id]).at(int(step * _STEP_S))
            await asyncio.sleep(_STEP_S - time.time() % _STEP_S + 0.05)

    async def _guess(self, account_id: str, challenge: IssueChallenge) -> None:
        self._board.wallet["guessed"] += 1
        await self._verify(challenge, "000000")
        await self._invite(account_id, challenge)

    async def _invite(self, account_id: str, challenge: IssueChallenge) -> None:
        """Put a link on the board to the page that the owner would see of a challenge the stranger did not pass."""
        wanted = {"account_id": account_id, "purpose": "challenge", "challenge_id": challenge.challenge_id}
        answer = await self._post("/v1/links", wanted)
        if answer.status_code == 201:
            self._board.page_link = json.decode(answer.content, type=_Link).url

    async def _verify(self, challenge: IssueChallenge, code: str) -> str:
        answer = await self._post(f"/v1/challenges/{challenge.challenge_id}/verify", {"code": code})
        return (
            json.decode(answer.content, type=_Verification).result if answer.status_code == 200 else "refused"
        )

    async def _post(self, path: str, body: dict[str, Any], method: str = "POST") -> Any:
        import httpx

        try:
            return await self._client.request(method, path, json=body)
        except httpx.TransportError as error:
            raise Unavailable(f"the API does not answer ({type(error).__name__})") from None
