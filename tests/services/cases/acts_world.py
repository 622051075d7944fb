"""An account in trouble, two of staff, and a clock that tests move on: for tests of what support does."""

from __future__ import annotations

import secrets
from typing import Any

from msgspec import Struct

from contracts.decisions import AnyEffect, effect_id
from contracts.events import UserReport
from services.cases.acts.asked import Asked
from services.cases.acts.rows import Kept
from services.cases.acts.service import DeskActs, Settled
from services.cases.acts.situation import Ground
from services.cases.case_rows import case_of
from services.cases.hold_service import HoldService
from services.cases.owner_words import Following, say
from services.cases.repository import keep
from services.cases.states import Case
from services.cases.unfreezing import Unfreezing
from services.http.api_keys import Scope
from services.platform.database import Database
from tests.services.cases.decided import alert, freeze, hold, no_challenges, open_case, recorded

NOW = 1_790_000_100.0
CASE = effect_id("li", "e1", "open_case")


class Staff(Struct, frozen=True):
    """One of staff, as acts know them."""

    name: str

    @property
    def actor(self) -> str:
        return f"staff:{self.name}"

    @property
    def ident(self) -> str:
        return self.name

    def allows(self, scope: Scope) -> bool:
        return scope == "support"


MEI, BO = Staff("mei"), Staff("bo")


class ActsWorld:
    """The desk's acts over one database."""

    def __init__(self, database: Database, second_person: tuple[str, ...] = ("unfreeze",)) -> None:
        self.database = database
        self.now = NOW
        unfreezing = Unfreezing(second_person=second_person)
        self.holds = HoldService(database, lambda: self.now, unfreezing)
        ground = Ground(unfreezing=unfreezing, decide=self.holds.decide_within)
        self.acts = DeskActs(database, lambda: self.now, ground)
        #: As the cases process has it: it decides nothing.
        self.carrier = DeskActs(database, lambda: self.now, Ground(unfreezing=unfreezing))

    async def trouble(self, *more: AnyEffect, event_id: str = "e1") -> None:
        """A decision that opens, or joins, the account's case."""
        effects = (alert(event_id), open_case(event_id), *more)
        async with self.database.begin() as connection:
            await keep(connection, [recorded(event_id, effects=effects, at=self.now)], no_challenges)

    async def held(self) -> None:
        """The same with a payment that waits."""
        await self.trouble(hold("e1"))

    async def frozen(self) -> None:
        """The same with a freeze."""
        await self.trouble(freeze("e1"))

    async def deny(self, event_id: str = "e1") -> None:
        """The owner says that it was not them."""
        report = UserReport(
            event_id=f"r-{event_id}",
            account_id="li",
            occurred_at=int(self.now * 1000),
            about_event_id=event_id,
            verdict="not_me",
            proof="session",
        )
        async with self.database.begin() as connection:
            await say(connection, Following(), report, "page", self.now)

    async def case(self, case_id: str = CASE) -> Case:
        async with self.database.read() as connection:
            case = await case_of(connection, case_id, lock=False)
        assert case is not None
        return case

    async def ask(
        self, name: str, by: Staff = MEI, version: int | None = None, act_id: str | None = None, **asked: Any
    ) -> Settled:
        """Ask for the act on the case as it is, or was at `version`."""
        version = version or (await self.case()).version
        act_id = act_id or secrets.token_hex(16)
        done = await self.acts.ask(CASE, name, Asked(**asked), by, version, act_id)
        assert done is not None
        return done

    async def later(self, seconds: float = 31.0) -> int:
        """Let time pass, and the cases process do what is due."""
        self.now += seconds
        return await self.carrier.carry_out()

    async def kept(self, done: Settled) -> Kept:
        found = await self.acts.act(done.kept.act_id)
        assert found is not None
        return found
