"""One account of an offline pipeline, told events one after the other."""

from __future__ import annotations

from typing import Any

from contracts.decisions import Decision, Freeze
from contracts.events import AnyEvent, Login, Settlement, Transaction, UserReport, to_wire
from contracts.profile import Profile
from services.bootstrap.pipelines import offline_core
from services.memory.codec import unpack
from services.platform.settings import Settings
from services.replay.offline import OfflineCore, OfflineRecord

START_MS = 1_796_040_000_000
MINUTE_MS = 60_000


class Account:
    """Each event comes a minute after the last, unless `minute` says when it happened."""

    def __init__(self, settings: Settings | None = None, freezes_stand: bool = True) -> None:
        self.core: OfflineCore = offline_core(settings or Settings(), freezes_stand=freezes_stand)
        self.told = 0

    async def tell(self, event_type: type[AnyEvent], minute: float | None = None, **given: Any) -> Decision:
        """The decision on the next event; its id is `e` and its number, the first is `e1`."""
        self.told += 1
        arrived_ms = START_MS + MINUTE_MS * self.told
        at_ms = arrived_ms if minute is None else START_MS + int(MINUTE_MS * minute)
        common = {"event_id": f"e{self.told}", "account_id": "li", "occurred_at": at_ms}
        event = event_type(**(common | given))  # type: ignore[arg-type]
        record = OfflineRecord(b"li", to_wire(event), self.told, max(arrived_ms, at_ms))
        (decision,) = (await self.core.decide([record])).decisions
        return decision

    async def pay(self, **given: Any) -> Decision:
        """Twenty yuan to p."""
        return await self.tell(
            Transaction, **({"amount": "20.00", "currency": "CNY", "payee_id": "p"} | given)
        )

    async def says_not_me(self, about: str = "e1", **given: Any) -> Decision:
        """The owner says of an earlier event that it was not him."""
        return await self.tell(UserReport, about_event_id=about, verdict="not_me", **given)

    async def is_released(self, about: str, **given: Any) -> Decision:
        """Support has ended the freeze that `about` led to."""
        return await self.tell(
            Settlement, **({"settles": "account", "outcome": "released", "about_event_id": about} | given)
        )

    @property
    def profile(self) -> Profile:
        """What is remembered of the account."""
        (stored,) = [packed for _, _, _, packed in self.core.profiles.entries()]
        return unpack(stored)


async def frozen_account(settings: Settings | None = None) -> Account:
    """An account that its owner's word froze: e1 is a login, e2 the report."""
    account = Account(settings)
    await account.tell(Login, outcome="success", device_id="own")
    assert freezes(await account.says_not_me())
    return account


def freezes(decision: Decision) -> bool:
    """Whether the decision freezes the account."""
    return any(isinstance(effect, Freeze) for effect in decision.effects)
