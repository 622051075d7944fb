"""Small model files for the tests of scoring."""

from __future__ import annotations

from typing import Any

from services.risk.features import NAMES, VERSION
from services.risk.model_file import FORMAT, ModelFile, Provenance, Tree, checksum_of

AMOUNT = NAMES.index("amount_usd_log")
DETECTORS = {"new_payee": 1, "unusual_amount": 3}
NEW_PAYEE = len(NAMES)

LEAF = Tree(feature=(-1,), threshold=(0.0,), left=(0,), right=(0,), value=(0.0,))


def stump(feature: int, threshold: float, low: float, high: float) -> Tree:
    """One question: `low` nats up to the threshold, else `high`."""
    return Tree(
        feature=(feature, -1, -1),
        threshold=(threshold, 0.0, 0.0),
        left=(1, 0, 0),
        right=(2, 0, 0),
        value=((low + high) / 2, low, high),
    )


def model_file(*trees: Tree, **fields: Any) -> ModelFile:
    """A model with a right checksum: payments above 1,000 dollars are bad."""
    stated = {
        "format": FORMAT,
        "name": "tried",
        "features_version": VERSION,
        "features": NAMES,
        "detectors": DETECTORS,
        "categories": {"grocery": 0.5},
        "base": -5.0,
        "trees": trees or (stump(AMOUNT, 6.9, -1.0, 6.0),),
        "calibration": ((-8.0, -8.0), (4.0, 4.0)),
        "provenance": Provenance("2026-01-01", "2026-01-07", 1000, 10, 7, "00"),
        **fields,
    }
    model = ModelFile(**stated)
    return ModelFile(**{**stated, "checksum": checksum_of(model)})
