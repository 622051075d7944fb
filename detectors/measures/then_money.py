"""The form of "the account is changed, then money leaves": what begins it, what is remembered of it, what comes with it.

A detector of this form is a page (its docstring, sentences and parameters) and a table of the changes that begin it.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, Generic, NamedTuple, TypeVar

from msgspec import Struct

from contracts.circumstances import Circumstance
from contracts.events import AccountChange, Activity, Transaction
from contracts.findings import Finding, Reason, Spec, Tallies
from contracts.profile import DAY_S, HOUR_S, Profile
from detectors.measures.steps import (
    Step,
    changes_between,
    device_came_at,
    money_may_leave,
    payee_is_new,
    remembered,
    way_out,
    without_asked,
)
from detectors.measures.stored import reads_version


class Changes(Struct, array_like=True):
    """Recent changes as (event time, what changed), ascending."""

    changes: list[Step] = []


class Window(Struct, frozen=True):
    """How long before the money a change counts."""

    window_s: float = DAY_S


class NewcomerParams(Window, frozen=True):
    """A device counts as new from `device_lead_s` before the change on; the least counts keep young accounts quiet."""

    device_lead_s: float = HOUR_S
    least_logins_count: int = 3
    least_transactions_count: int = 3


class Came(NamedTuple):
    """Changes before money, ascending, and whether a new device and a new payee came with them: at least one did."""

    steps: list[Step]
    device: bool
    payee: bool


class Begins(NamedTuple):
    """A row of a table: the parameter that holds a change's weight, and the reason given when it is the most telling."""

    nats: str
    reason: str


M = TypeVar("M", bound=Changes)
_NOTHING_ELSE = Circumstance(0)


def sequence_spec(
    name: str,
    reasons: tuple[Reason, ...],
    attack: tuple[str, ...],
    also_wakes_on: Circumstance = _NOTHING_ELSE,
) -> Spec:
    """The spec of a detector of this form: asked about money after a change that it remembers or that is held back."""
    return Spec(
        name=name,
        event_types=(Transaction, AccountChange),
        family="sequence",
        reasons=reasons,
        attack=attack,
        wakes_on=also_wakes_on | Circumstance.HELD_CHANGE | Circumstance.REMEMBERED,
        learns_on=Circumstance.CHANGE | Circumstance.REMEMBERED,
    )


class ThenMoney(Generic[M]):
    """Money after changes of these kinds, of which the `memory` keeps the last `most_count`."""

    def __init__(self, spec: Spec, memory: type[M], kinds: Collection[str], most_count: int) -> None:
        self.spec = spec
        self.kinds = frozenset(kinds)
        self.upgrade = reads_version(spec.version, memory)
        self._memory = memory
        self._most_count = most_count

    def since(self, event: Transaction, profile: Profile, memory: M, since: float) -> list[Step]:
        """The changes after `since`, learned or held back, ascending, without what the owner did because we asked for it."""
        steps = changes_between(memory.changes, profile.quarantined, self.kinds, since, event.at)
        return without_asked(steps, profile) if profile.enrolled_as_asked_at > since else steps

    def before_money(self, event: Activity, profile: Profile, memory: M, params: Window) -> list[Step]:
        """The changes in the window before money that may leave, ascending; none before any other event."""
        if not (memory.changes or profile.quarantined) or not isinstance(event, Transaction):
            return []
        if not money_may_leave(event, profile):
            return []
        return self.since(event, profile, memory, event.at - params.window_s)

    def with_newcomer(
        self, event: Activity, profile: Profile, memory: M, params: NewcomerParams
    ) -> Came | None:
        """The changes before money with which a new device or a new payee came; None when neither did."""
        steps = self.before_money(event, profile, memory, params)
        if not steps or not isinstance(event, Transaction):
            return None
        changed_at = steps[0][0]
        device = (
            profile.logins >= params.least_logins_count
            and device_came_at(event, profile, changed_at - params.device_lead_s) is not None
        )
        payee = profile.transactions >= params.least_transactions_count and payee_is_new(
            event, profile, changed_at
        )
        return Came(steps, device, payee) if device or payee else None

    def learn(self, event: AccountChange | Transaction, memory: M, params: Window) -> M:
        """Remember a change of these kinds; money forgets those that are too old to matter."""
        changes = remembered(memory.changes, event, self.kinds, params.window_s, self._most_count)
        return memory if changes is memory.changes else self._memory(changes=changes)


class NewcomerThenMoney(ThenMoney[M]):
    """Money to or from somewhere new after a change of the table: all that such a detector does beside its page.

    Its parameters are `NewcomerParams` with the weights that the rows of the table name, and `further_change_nats`,
    `device_nats`, `payee_nats` and `most_nats`.
    """

    def __init__(self, spec: Spec, memory: type[M], table: Mapping[str, Begins], most_count: int) -> None:
        super().__init__(spec, memory, table, most_count)
        self.table = table

    def observe(
        self, event: Activity, profile: Profile, tallies: Tallies, memory: M, params: Any
    ) -> Finding | None:
        """Weight: the most telling change, `further_change_nats` for each other kind, and what came with them."""
        came = self.with_newcomer(event, profile, memory, params)
        return None if came is None else self._finding(event, came, params)

    def _finding(self, event: Activity, came: Came, params: Any) -> Finding:
        nats = {what: getattr(params, self.table[what].nats) for _, what in came.steps}
        worst = max(nats, key=lambda what: (nats[what], what))
        weight = nats[worst] + params.further_change_nats * (len(nats) - 1)
        weight += params.device_nats * came.device + params.payee_nats * came.payee
        last_at = max(at for at, what in came.steps if what == worst)
        return self.spec.finding(
            reason=self.table[worst].reason,
            weight=min(weight, params.most_nats),
            value=round((event.at - last_at) / HOUR_S, 2),
            threshold=round(params.window_s / HOUR_S),
            quarantine=True,
            facts={"how": way_out(came.device, came.payee), "changes": len(nats)},
        )
