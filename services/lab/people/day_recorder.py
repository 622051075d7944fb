"""Where an ordinary day of a simulated person is written down, with running event ids."""

from __future__ import annotations

from random import Random

from msgspec import Struct

from contracts.currencies import shown_places
from contracts.events import AccountChange, ChallengeOutcome, Login, Transaction
from services.lab.people.devices import Handset
from services.lab.people.locations import DAY_S
from services.lab.people.personas import Person
from services.lab.people.places import Access
from services.lab.people.played import Played
from services.scoring.effects import challenge_id


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
        event_id = self._next_id()
        event = Login(
            event_id=event_id,
            account_id=self.who.account_id,
            occurred_at=int(at * 1000),
            ip=access.ip,
            user_agent=device.user_agent,
            device_id=device.device_id,
            session_id=session,
            place=access.place,
            network=access.network,
            outcome="success" if ok else "failure",
            reason=None if ok else "bad_password",
        )
        self._keep(event)
        return event_id

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
        currency = self.who.city.currency
        event = Transaction(
            event_id=self._next_id(),
            account_id=self.who.account_id,
            occurred_at=int(at * 1000),
            ip=access.ip,
            user_agent=device.user_agent,
            device_id=device.device_id,
            session_id=session,
            place=access.place,
            network=access.network,
            amount=f"{max(amount, 1.0):.{shown_places(currency)}f}",
            currency=currency,
            kind=kind,  # type: ignore[arg-type]
            payee_id=payee,
            balance=f"{balance:.{shown_places(currency)}f}",
        )
        self._keep(event)

    def enrol(self, at: float) -> None:
        """The second factor is set up, on the phone at home."""
        who = self.who
        event = AccountChange(
            event_id=self._next_id(),
            account_id=who.account_id,
            occurred_at=int(at * 1000),
            ip=who.home.ip,
            user_agent=who.phone.user_agent,
            device_id=who.phone.device_id,
            place=who.home.place,
            network=who.home.network,
            change="totp_enrolled",
        )
        self._keep(event)

    def confirm(self, event_id: str, at: float) -> None:
        """The code a person types when asked; harmless where nothing was asked."""
        event = ChallengeOutcome(
            event_id=self._next_id(),
            account_id=self.who.account_id,
            occurred_at=int(at * 1000),
            challenge_id=challenge_id(self.who.account_id, event_id),
            challenged_event_id=event_id,
            purpose="login",
            outcome="passed",
        )
        self._keep(event)

    def _keep(self, event: Login | Transaction | AccountChange | ChallengeOutcome) -> None:
        self.played.append(Played(event, persona=self.who.persona))

    def _next_id(self) -> str:
        return f"{self.world.prefix}-{self.who.number}-{self.day}-{len(self.played)}"
