"""What attackers did not get: the payments of theirs that were stopped, and how much they would have moved."""

from __future__ import annotations

from collections import Counter
from decimal import Decimal

from contracts.decisions import Decision
from services.lab.demo.wallet import Wallet

_STOPS = frozenset({"challenge", "hold", "deny"})


class Thwarted:
    """Counts as decisions come; `wallet` knows which events attackers made."""

    def __init__(self, wallet: Wallet) -> None:
        self._wallet = wallet
        self.payments = 0
        #: by currency
        self.amounts: Counter[str] = Counter()

    def hears(self, decision: Decision) -> None:
        """Count the decision where it stopped an attacker's payment."""
        shown = decision.shown
        if decision.event_id not in self._wallet.strangers or decision.type != "transaction":
            return
        if decision.action not in _STOPS or shown is None or shown.amount is None or shown.currency is None:
            return
        self.payments += 1
        self.amounts[shown.currency] += Decimal(shown.amount)  # type: ignore[assignment]
