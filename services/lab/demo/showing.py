"""What the demonstration's page shows as it is now: figures, how each of its people stands, their letters."""

from __future__ import annotations

import asyncio
import contextlib
import time
from pathlib import Path
from typing import Any

from msgspec import Struct, json

from contracts.errors import Unavailable
from services.lab.demo.board import Board
from services.lab.demo.letters import Letters, Mail
from services.lab.demo.owners import Owner
from services.lab.demo.thwarted import Thwarted
from services.lab.demo.wallet import Wallet

#: What is kept from thieves is told in the currency of most people.
_CURRENCY = "CNY"
#: A visitor does not wait longer for what is new.
_PATIENCE_S = 2.0
_OK = 200
#: The chip of a code that is asked for; of one that nobody typed in time it is another.
_ASKED = {"open": ("code", "wait"), "passed": ("passed", "good")}


class Standing(Struct, frozen=True):
    """How somebody stands: `chip` is a sentence of the page's words, `tone` its colour, `code` what their phone shows."""

    owner: Owner
    chip: str
    tone: str
    code: str


class Figures(Struct, frozen=True):
    """The six figures; None for a latency while nothing was measured."""

    a_minute: int
    p95_ms: float | None
    stopped: int
    kept: int
    letters: int
    cases: int


class _Payment(Struct, frozen=True):
    event_id: str
    state: str


class _Freeze(Struct, frozen=True):
    hold_id: str


class _Holds(Struct, frozen=True):
    frozen: _Freeze | None = None
    payments: tuple[_Payment, ...] = ()


class Showing:
    """`client` is an httpx client that speaks to the API as the wallet does."""

    def __init__(
        self,
        board: Board,
        wallet: Wallet,
        thwarted: Thwarted,
        client: Any,
        outbox: Path,
        owners: tuple[Owner, ...],
    ) -> None:
        self.board = board
        self._wallet = wallet
        self._thwarted = thwarted
        self._client = client
        self._letters = Letters(outbox)
        self._owners = owners
        self._standings: dict[str, list[Standing]] = {}
        self._chips: dict[str, tuple[str, str]] = {}
        self._looking: dict[str, asyncio.Task[None]] = {}

    def figures(self) -> Figures:
        """As of now."""
        board, edge = self.board, self.board.edge
        a_minute = round(board.last_minute.rate(time.monotonic()) * 60)
        kept = int(self._thwarted.amounts[_CURRENCY])
        return Figures(a_minute, board.p95_ms, self._thwarted.payments, kept, edge.mails, edge.cases)

    def owner(self, account_id: str) -> Owner | None:
        """The one of the page's people whose account this is."""
        return next((owner for owner in self._owners if owner.account_id == account_id), None)

    def letters(self, locale: str) -> list[tuple[Owner, Mail]]:
        """The letters of the people whose letters are in that language, the newest first."""
        reads = {owner.email: owner for owner in self._owners if owner.locale == locale}
        return [(reads[mail.to], mail) for mail in self._letters.to(frozenset(reads))]

    @property
    def mailbox(self) -> Letters:
        """The letters by their names."""
        return self._letters

    async def standings(self, locale: str) -> list[Standing]:
        """How the people whose letters are in that language stand; of a moment ago while the API is slow or away."""
        looking = self._looking.get(locale)
        if looking is None:
            looking = self._looking[locale] = asyncio.create_task(self._look(locale))
        await asyncio.wait([looking], timeout=_PATIENCE_S if locale in self._standings else None)
        return self._standings.get(locale, [])

    async def _look(self, locale: str) -> None:
        people = [owner for owner in self._owners if owner.locale == locale]
        try:
            self._standings[locale] = await asyncio.gather(*map(self._standing, people))
        finally:
            del self._looking[locale]

    async def first_page(self, owner: Owner, locale: str) -> str | None:
        """A link to where somebody would look now: the payment that waits for their code, else their security centre."""
        wanted: dict[str, Any] = {"account_id": owner.account_id, "locale": locale}
        asked = await self._wallet.asked(owner.account_id) if owner.key == "zhao" else None
        if asked is not None and asked.state == "open":
            challenge = {"purpose": "challenge", "challenge_id": asked.challenge_id}
            return await self._wallet.link({**wanted, **challenge})
        return await self._wallet.link({**wanted, "purpose": "centre"})

    async def _standing(self, owner: Owner) -> Standing:
        code = self._wallet.code(owner.account_id, time.time()) or ""
        chip, tone = self._chips.get(owner.account_id, ("soon", "calm"))
        if code:
            # What cannot be asked now stands as it did.
            with contextlib.suppress(Unavailable):
                chip, tone = self._chips[owner.account_id] = await self._chip(owner)
        return Standing(owner, chip, tone, f"{code[:3]} {code[3:]}" if code else "")

    async def _chip(self, owner: Owner) -> tuple[str, str]:
        holds = await self._holds(owner.account_id)
        if holds.frozen is not None and owner.account_id in self._wallet.locked:
            return "locked", "stop"
        if holds.frozen is not None:
            return ("stopped", "good") if holds.frozen.hold_id in self._wallet.done else ("stopping", "wait")
        if any(payment.state == "held" for payment in holds.payments):
            return "waits", "stop"
        if any(payment.state == "released" for payment in holds.payments):
            return "released", "calm"
        if owner.key == "zhao" and (asked := await self._wallet.asked(owner.account_id)) is not None:
            return _ASKED.get(asked.state, ("lapsed", "calm"))
        return ("changed", "wait") if owner.key == "samuel" else ("well", "good")

    async def _holds(self, account_id: str) -> _Holds:
        import httpx

        try:
            answer = await self._client.get(f"/v1/accounts/{account_id}/holds")
        except httpx.TransportError as error:
            raise Unavailable(f"the API does not answer ({type(error).__name__})") from None
        if answer.status_code != _OK:
            raise Unavailable(f"the API answers {answer.status_code}")
        return json.decode(answer.content, type=_Holds)
