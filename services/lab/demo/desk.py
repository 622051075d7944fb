"""The demonstration's support: two people who let accounts in again, and let held payments go or give them up."""

from __future__ import annotations

import asyncio
import contextlib
from typing import Any

from msgspec import Struct, json

from contracts.decisions import Decision, Freeze, HoldPayment
from contracts.errors import Unavailable
from services.lab.demo.board import Board
from services.lab.demo.wallet import Wallet

#: A call to the payer takes so long; an owner tells his story, and binds his factor anew, in so long.
_CALL_S, _STORY_S = 4.0, 8.0
#: The hold is there once the decision was carried out, and the new password once the wallet's event is a row of activity.
_TRIES, _AGAIN_S = 20, 1.0
_WHY = "spoke to the owner"


class _Waiting(Struct, frozen=True):
    approval_id: str
    act: str


class _Holds(Struct, frozen=True):
    approvals: list[_Waiting] = []


class Desk:
    """Ends what decisions stop. `client` speaks with the first person's key; unfreezing takes the second's, too."""

    def __init__(self, client: Any, second_key: str, board: Board, wallet: Wallet) -> None:
        """`wallet` knows which events attackers made, and has owners prove who they are."""
        self._client = client
        self._wallet = wallet
        self._second = {"Authorization": f"Bearer {second_key}"}
        self._board = board
        self._tasks: set[asyncio.Task[None]] = set()

    def hears(self, decision: Decision) -> None:
        """Look at what the decision stopped, in the background."""
        if decision.account_id in self._wallet.left_alone:
            return
        for effect in decision.effects:
            if isinstance(effect, Freeze):
                self._begin(self._let_in(decision.account_id))
            elif isinstance(effect, HoldPayment):
                self._begin(self._settle(decision.account_id, decision.event_id))

    async def close(self) -> None:
        """Stop working."""
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _begin(self, work: Any) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def ask_to_let_in(self, account_id: str) -> Any:
        """Ask for the end of the account's freeze, which waits for a second person; the answer, None where none stands."""
        return await self._until_there(f"/v1/accounts/{account_id}/unfreeze")

    async def _let_in(self, account_id: str) -> None:
        await asyncio.sleep(_STORY_S)
        with contextlib.suppress(Unavailable):
            await self._wallet.prove(account_id)
        answer = await self.ask_to_let_in(account_id)
        if answer is not None and answer.status_code == 202:
            for waiting in json.decode(answer.content, type=_Holds).approvals:
                if waiting.act == "unfreeze":
                    path = f"/v1/approvals/{waiting.approval_id}/approve"
                    answer = await self._post(path, headers=self._second)
        if answer is not None and answer.status_code == 200:
            self._board.wallet["let in again"] += 1

    async def _settle(self, account_id: str, event_id: str) -> None:
        await asyncio.sleep(_CALL_S)
        end = "cancel" if event_id in self._wallet.strangers else "release"
        await self._until_there(f"/v1/accounts/{account_id}/payments/{event_id}/{end}")

    async def _until_there(self, path: str) -> Any:
        """The answer once there is a hold to end; None when none comes, or somebody else has ended it."""
        for _ in range(_TRIES):
            answer = await self._post(path, json={"why": _WHY})
            if answer is not None and answer.status_code != 409:
                return answer
            await asyncio.sleep(_AGAIN_S)
        return None

    async def _post(self, path: str, **given: Any) -> Any:
        """The answer, None while the API is away."""
        import httpx

        try:
            return await self._client.post(path, **given)
        except httpx.TransportError:
            return None
