"""The risks from which each action is taken, by type of event and by amount."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import inf
from typing import NamedTuple

from contracts.exchange import ExchangeRates
from services.policy.keys import BandKeys, ThresholdKeys
from services.policy.values import NEVER

_STEPS = ("notify", "challenge", "hold", "deny")


class Thresholds(NamedTuple):
    """Risks, which never fall, from which each action is taken; infinity means never."""

    notify: float
    challenge: float
    hold: float
    deny: float


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
    """Thresholds of a row; steps it leaves out (None) are the inherited ones. They must never fall."""
    risks: list[float] = []
    for step in _STEPS:
        stated, origin = getattr(row, step), ""
        if stated is None and inherited is not None:
            stated, origin = getattr(inherited, step), " (of thresholds.transaction)"
        risk = inf if stated == NEVER else float(stated)
        if risks and risk < risks[-1]:
            faults.append(
                f"{path}.{step}: expected at least the threshold before it ({risks[-1]:g}), got {risk:g}{origin}"
            )
        risks.append(risk)
    return Thresholds(*risks)


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
