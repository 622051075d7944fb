"""The simulated wallet's side of the second factor: it enrols its people over HTTP and answers their challenges."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Coroutine, Iterable
from typing import Any

from msgspec import Struct, json

from contracts.decisions import Decision, IssueChallenge
from contracts.errors import Unavailable
from services.lab.demo.board import Board
from services.lab.demo.long_ago import enrolled_at
from services.lab.people.personas import Person
from services.platform.database import Database
from services.platform.settings import Settings

_STEP_S = 30.0
_TRIES = 3
_CONFIRMS = 2
#: Stopping money, or ending sessions, takes the wallet so long.
_DOES_IN_S = 1.5
_OK, _REFUSED = 200, 400


class _NewFactor(Struct, frozen=True):
    secret: str


class _Verification(Struct, frozen=True):
    result: str


class _Asked(Struct, frozen=True):
    state: str


class Asked(Struct, frozen=True):
    """A challenge and how it stands: open, passed, or over without a code."""

    challenge_id: str
    state: str


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
        #: accounts whose owner is the visitor of the page: nobody else answers for them
        self.left_alone: frozenset[str] = frozenset()
        #: accounts whose owner locked them
        self.locked: set[str] = set()
        #: actions that the wallet has done and said so
        self.done: set[str] = set()
        self._asked: dict[str, str] = {}

    async def enrol(
        self, people: Iterable[Person], settings: Settings, database: Database, at: float
    ) -> set[str]:
        """Give each a factor as of `at` (epoch seconds); the accounts whose factor was confirmed."""
        secrets = await enrolled_at(settings, database, people, at)
        self._secrets |= secrets
        return set(secrets)

    async def contact(self, who: Person, email: str, locale: str) -> None:
        """Say where somebody's letters go from now on."""
        contact = {"email": email, "locale": locale, "time_zone": who.city.zone}
        await self._post(f"/v1/accounts/{who.account_id}/contact", contact, method="PUT")

    def hears(self, decision: Decision) -> None:
        """Answer a challenge in the background: the owner types the code, a stranger guesses once."""
        challenge = next((effect for effect in decision.effects if isinstance(effect, IssueChallenge)), None)
        if challenge is None:
            return
        if decision.account_id in self.left_alone:
            self._asked[decision.account_id] = challenge.challenge_id
            return
        stranger = decision.event_id in self.strangers
        if decision.account_id not in self._secrets and not stranger:
            self._board.wallet["no factor"] += 1
            return
        work = self._guess(challenge) if stranger else self._answer(decision.account_id, challenge)
        self._begin(work)

    def does(self, action_id: str) -> None:
        """Do what an action asks for, and say so, in the background."""
        self._begin(self._acknowledge(action_id))

    def code(self, account_id: str, now: float) -> str | None:
        """What the authenticator of one of the wallet's people shows at `now` (epoch seconds)."""
        import pyotp

        secret = self._secrets.get(account_id)
        return None if secret is None else pyotp.TOTP(secret).at(int(now))

    async def asked(self, account_id: str) -> Asked | None:
        """What the owner of one of the accounts that are left alone was asked last. Raises Unavailable."""
        challenge_id = self._asked.get(account_id)
        if challenge_id is None:
            return None
        answer = await self._post(f"/v1/challenges/{challenge_id}", None, method="GET")
        if answer.status_code != _OK:
            raise Unavailable(f"the API answers {answer.status_code}")
        return Asked(challenge_id, json.decode(answer.content, type=_Asked).state)

    async def lock(self, account_id: str) -> None:
        """Lock the wallet at its owner's word. Raises Unavailable."""
        answer = await self._post(f"/v1/accounts/{account_id}/lock", None)
        if answer.status_code >= _REFUSED:
            raise Unavailable(f"the API answers {answer.status_code}")
        self.locked.add(account_id)

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

    def _begin(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _acknowledge(self, action_id: str) -> None:
        await asyncio.sleep(_DOES_IN_S)
        for _ in range(_TRIES):
            with contextlib.suppress(Unavailable):
                answer = await self._post(f"/v1/actions/{action_id}/result", {"result": "done"})
                if answer.status_code == 200:
                    self.done.add(action_id)
                    return
            await asyncio.sleep(_DOES_IN_S)

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

    async def _guess(self, challenge: IssueChallenge) -> None:
        self._board.wallet["guessed"] += 1
        # Whoever guesses does not mind an answer that is late.
        with contextlib.suppress(Unavailable):
            await self._verify(challenge, "000000")

    async def _verify(self, challenge: IssueChallenge, code: str) -> str:
        answer = await self._post(f"/v1/challenges/{challenge.challenge_id}/verify", {"code": code})
        return (
            json.decode(answer.content, type=_Verification).result if answer.status_code == 200 else "refused"
        )

    async def link(self, wanted: dict[str, Any]) -> str | None:
        """The address of a page for one of the wallet's people."""
        answer = await self._post("/v1/links", wanted)
        return json.decode(answer.content, type=_Link).url if answer.status_code == 201 else None

    async def _post(self, path: str, body: dict[str, Any] | None, method: str = "POST") -> Any:
        import httpx

        try:
            return await self._client.request(method, path, json=body)
        except httpx.TransportError as error:
            raise Unavailable(f"the API does not answer ({type(error).__name__})") from None
