"""The cost rule: a challenge is worth its friction when it saves more than that on average."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from contracts.actions import RANK
from contracts.events import AnyEvent, Event, Transaction
from services.policy.keys import CostKeys
from services.policy.values import AMOUNT, NONE

_NOTIFY, _CHALLENGE = RANK["notify"], RANK["challenge"]


@dataclass(frozen=True, slots=True)
class CostRule:
    """Challenge when p * loss * catch > friction * (1 - p), p the risk: the expected saving against the expected nuisance.

    Costs are in one currency. `losses` by event type: a type that is missing is left to the thresholds. `rates` hold what one
    unit of a currency is worth when the loss of a payment is its amount, None when it is a stated one.
    """

    friction: float
    catch: float
    losses: Mapping[type[Event], float]
    rates: Mapping[str, float] | None
    instead: bool

    def weighed(self, event: AnyEvent, risk: float, rank: int) -> int:
        """The rank, raised to a challenge that is worth it; with `instead`, a challenge that is not is a notify."""
        loss = self._loss(event)
        if loss is None:
            return rank
        if risk * loss * self.catch > self.friction * (1.0 - risk):
            return max(rank, _CHALLENGE)
        return _NOTIFY if self.instead and rank == _CHALLENGE else rank

    def _loss(self, event: AnyEvent) -> float | None:
        if self.rates is not None and event.__class__ is Transaction:
            rate = self.rates.get(event.currency)
            return None if rate is None else event.value * rate
        return self.losses.get(event.__class__)


def cost_rule(keys: CostKeys, kinds: Mapping[str, type[Event]], faults: list[str]) -> CostRule | None:
    """The rule of a policy's `cost` section; None when it is off."""
    if keys.rule == "off":
        return None
    for name in ("currency", "friction"):
        if getattr(keys, name) is None:
            faults.append(f'cost.{name}: missing; expected while cost.rule is "{keys.rule}"')
    if keys.currency is None or keys.friction is None:
        return None
    losses = {kind: getattr(keys.loss, name) for name, kind in kinds.items()}
    by_amount = keys.loss.transaction == AMOUNT
    return CostRule(
        friction=float(keys.friction),
        catch=float(keys.catch),
        losses={kind: float(loss) for kind, loss in losses.items() if loss not in (AMOUNT, NONE)},
        rates={**{name: float(rate) for name, rate in keys.rates.items()}, keys.currency: 1.0}
        if by_amount
        else None,
        instead=keys.rule == "instead",
    )
