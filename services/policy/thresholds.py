"""The risks from which each action is taken, by type of event and by amount."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from math import inf

from contracts.actions import STEPS
from contracts.exchange import ExchangeRates
from services.policy.keys import BandKeys, ThresholdKeys
from services.policy.values import NEVER

#: Risks, which never fall, from which each action but the weakest is taken; infinity means never.
Thresholds = tuple[float, ...]
#: Amounts of a currency, ascending, from which other thresholds hold.
Bands = tuple[tuple[float, Thresholds], ...]


def bands_by_worth(bands: Mapping[str, Bands], rates: ExchangeRates) -> dict[str, Bands]:
    """The bands, and for every other currency of a known rate those of dollars, or of the first stated, at the same worth."""
    priced = [currency for currency in bands if currency in rates.usd_per_unit]
    if not priced:
        return dict(bands)
    model = "USD" if "USD" in priced else priced[0]
    unit = rates.usd_per_unit[model]
    others = {
        currency: tuple((least * unit / worth, thresholds) for least, thresholds in bands[model])
        for currency, worth in rates.usd_per_unit.items()
    }
    return {**others, **bands}


def checked(
    row: ThresholdKeys | BandKeys, path: str, faults: list[str], inherited: ThresholdKeys | None = None
) -> Thresholds:
    """Thresholds of a row; steps it leaves out (None) are the inherited ones. They must never fall.

    A step that is stated nowhere is never the strongest that is reached: it begins where the next one does.
    """
    told: list[tuple[str, float, str]] = []
    following = inf
    for step in reversed(STEPS):
        stated, origin = getattr(row, step.name), ""
        if stated is None and inherited is not None:
            stated, origin = getattr(inherited, step.name), " (of thresholds.transaction)"
        if stated is not None:
            following = inf if stated == NEVER else float(stated)
        told.append((step.name, following, origin))
    told.reverse()
    for (_, before, _), (name, risk, origin) in pairwise(told):
        if risk < before:
            faults.append(
                f"{path}.{name}: expected at least the threshold before it ({before:g}), got {risk:g}{origin}"
            )
    return tuple(risk for _, risk, _ in told)


def checked_bands(
    rows: Sequence[BandKeys], currency: str, transaction: ThresholdKeys, faults: list[str]
) -> Bands:
    """The bands of a currency; each must begin above the one before it."""
    bands: list[tuple[float, Thresholds]] = []
    for index, row in enumerate(rows):
        path = f"bands.{currency}[{index}]"
        if bands and not row.least > bands[-1][0]:
            faults.append(
                f"{path}.from: expected more than the band before it ({bands[-1][0]:g}), got {row.least}"
            )
        bands.append((float(row.least), checked(row, path, faults, transaction)))
    return tuple(bands)
