"""Where an ordinary day of a simulated person is written down, with running event ids."""

from __future__ import annotations

from random import Random
from typing import Any

from msgspec import Struct

from contracts.events import AccountChange, ChallengeOutcome, Login, Transaction
from services.lab.people.devices import Handset
from services.lab.people.events import activity, confirmation_of, happening, login_of, payment_of
from services.lab.people.locations import DAY_S
from services.lab.people.personas import Person
from services.lab.people.places import Access
from services.lab.people.played import Played


class World(Struct, frozen=True):
    """What a run is derived from: seed, first midnight (epoch seconds, UTC), and a prefix for event ids.

    Where `afternoon_h` is given (hour of the UTC day), it is three in the afternoon then for everybody, wherever they live:
    a demonstration at night shows people who are awake.
    """

    seed: int
    start_at: int
    prefix: str = "e"
    afternoon_h: float | None = None


class DayRecorder:
    """Collects one person's day; times are epoch seconds, amounts major units of the city's currency."""

    def __init__(self, world: World, who: Person, day: int) -> None:
        self.rng = Random(f"day {world.seed} {who.number} {day}")
        self.world = world
        self.who = who
        self.day = day
        self.midnight = world.start_at + day * DAY_S
        self.played: list[Played] = []

    def login(self, at: float, access: Access, device: Handset, ok: bool, session: str | None) -> str:
        """An attempt to log in; returns its event id."""
        return self._keep(login_of(self._activity(at, access, device), ok, session))

    def pay(
        self,
        at: float,
        access: Access,
        device: Handset,
        session: str,
        kind: str,
        amount: float,
        payee: str | None,
        balance: float,
    ) -> None:
        """Money asked to move."""
        fields = self._activity(at, access, device)
        self._keep(
            payment_of(fields, self.who, amount, balance, kind=kind, payee_id=payee, session_id=session)
        )

    def enrol(self, at: float) -> None:
        """The second factor is set up, on the phone at home."""
        fields = self._activity(at, self.who.home, self.who.phone)
        self._keep(AccountChange(**fields, change="totp_enrolled"))

    def confirm(self, event_id: str, at: float) -> None:
        """The code a person types when asked; harmless where nothing was asked."""
        self._keep(confirmation_of(happening(self._next_id(), self.who, at), event_id))

    def _activity(self, at: float, access: Access, device: Handset) -> dict[str, Any]:
        return activity(self._next_id(), self.who, at, access, device)

    def _keep(self, event: Login | Transaction | AccountChange | ChallengeOutcome) -> str:
        self.played.append(Played(event, persona=self.who.persona))
        return event.event_id

    def _next_id(self) -> str:
        return f"{self.world.prefix}-{self.who.number}-{self.day}-{len(self.played)}"
