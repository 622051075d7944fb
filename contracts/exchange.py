"""What amounts are worth beside each other: a table of rates, given to those who compare, never looked up."""

from __future__ import annotations

from msgspec import Struct


class ExchangeRates(Struct, frozen=True):
    """Dollars that one unit of a currency is worth, approximately; `as_of` is the table's date, `digest` tells tables apart."""

    as_of: str = ""
    digest: str = ""
    usd_per_unit: dict[str, float] = {}

    def ratio(self, of: str, into: str) -> float | None:
        """How many units of `into` one unit of `of` is worth; 1 within a currency, None where a rate is not known."""
        if of == into:
            return 1.0
        worth, unit = self.usd_per_unit.get(of), self.usd_per_unit.get(into)
        return None if worth is None or unit is None else worth / unit


#: Nothing is known of any worth: amounts compare within a currency alone.
NO_RATES = ExchangeRates()
