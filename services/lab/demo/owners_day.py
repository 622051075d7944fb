"""What happens to the people whose place a visitor takes: a payment that is held, a code that is asked for, a new address."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable
from typing import Any

from contracts.errors import Unavailable
from services.lab.demo.owners import Owner
from services.lab.demo.wallet import Wallet
from services.lab.people.events import Hand, Played, Recorder
from services.lab.people.personas import Handset
from services.lab.people.places import city_named, mobile_line
from services.lab.simulate.attackers import at_home

_STRANGE_PHONE = (
    "Mozilla/5.0 (Linux; Android 14; SM-S921B) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/133.0.0.0 Mobile "
    "Safari/537.36"
)
_NEW_COMPUTER = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/133.0.0.0 Safari/537.36"
#: One after the other, so that the letters come one by one.
_BETWEEN_S = 2.0
#: Whom the thief would send the money; it stands in the letter's subject.
THIEF = "chen-wei-4471"
_AGAIN_S, _LOOK_S = 240.0, 5.0
_BALANCE = 1.02


class OwnersDay:
    """Plays it. `send` plays one event."""

    def __init__(
        self,
        send: Callable[[Played], Any],
        wallet: Wallet,
        owners: tuple[Owner, ...],
        prefix: str,
    ) -> None:
        self._send = send
        self._wallet = wallet
        self._owners = owners
        self._prefix = prefix

    async def run(self) -> None:
        """Until cancelled: the first owner's payment at once, a code asked for again whenever nobody typed it."""
        for key, play in (("lin", self._stolen), ("samuel", self._address), ("olivia", self._computer)):
            for owner in self._owners:
                if owner.key == key:
                    await play(owner)
            await asyncio.sleep(_BETWEEN_S)
        await asyncio.gather(*(self._asked(owner) for owner in self._owners if owner.key == "zhao"))

    async def _stolen(self, owner: Owner) -> None:
        for played in stolen_payment(owner, self._prefix, time.time()):
            self._wallet.strangers.add(played.event.event_id)
            await self._send(played)

    async def _address(self, owner: Owner) -> None:
        """Somebody gives another address for his letters; he reads of it in his own mailbox, and locks his wallet."""
        with contextlib.suppress(Unavailable):
            email = f"{owner.account_id}+new@people.example"
            await self._wallet.contact(owner.person, email, owner.locale)
            await asyncio.sleep(_BETWEEN_S)
            await self._wallet.lock(owner.account_id)

    async def _computer(self, owner: Owner) -> None:
        recorder = Recorder(f"{self._prefix}-{owner.account_id}", time.time())
        recorder.login(owner.person, 0.0, _computer_of(owner), session=f"s-{owner.account_id}")
        for played in recorder.played:
            await self._send(played)

    async def _asked(self, owner: Owner) -> None:
        count = 0
        while True:
            for played in asked_payment(owner, f"{self._prefix}-{count}", time.time()):
                await self._send(played)
            count += 1
            state = "open"
            while state == "open":
                await asyncio.sleep(_LOOK_S)
                with contextlib.suppress(Unavailable):
                    asked = await self._wallet.asked(owner.account_id)
                    state = "open" if asked is None else asked.state
            await asyncio.sleep(_AGAIN_S)


def stolen_payment(owner: Owner, prefix: str, at: float) -> list[Played]:
    """Somebody far away, on a phone the owner never used, sends nearly all there is to a stranger at `at` (epoch seconds)."""
    recorder = Recorder(f"{prefix}-{owner.account_id}", at, "stolen_payment", fraud=True, attacker="naive")
    thief = Hand(
        mobile_line(city_named("Bangkok"), 44), Handset(f"strange-{owner.account_id}", _STRANGE_PHONE)
    )
    amount = 18_000.0
    recorder.pay(owner.person, 0.0, thief, amount, THIEF, balance=amount * _BALANCE)
    return recorder.played


def asked_payment(owner: Owner, prefix: str, at: float) -> list[Played]:
    """The owner pays somebody new from a computer never used before, at `at` (epoch seconds)."""
    recorder = Recorder(f"{prefix}-{owner.account_id}", at)
    recorder.pay(owner.person, 0.0, _computer_of(owner), 4120.0, "sunny-market", balance=6000.0)
    return recorder.played


def _computer_of(owner: Owner) -> Hand:
    home = at_home(owner.person)
    return Hand(home.access, Handset(f"computer-{owner.account_id}", _NEW_COMPUTER))
