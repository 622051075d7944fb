"""Money in one worth, for the metrics of it."""

from __future__ import annotations

from contracts.exchange import ExchangeRates
from services.platform.metrics import MONEY, MONEY_UNPRICED

WORTH = "USD"


def count_money(end: str, amount: float, currency: str, rates: ExchangeRates) -> None:
    """Count an amount in major units under what became of it, one of `metrics.MONEY_ENDS`."""
    rate = rates.ratio(currency, WORTH)
    if rate is None:
        MONEY_UNPRICED.labels(end).inc()
    else:
        MONEY.labels(end).inc(amount * rate)
