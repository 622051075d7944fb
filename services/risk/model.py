"""A trained model at work: a transaction's evidence as log-odds, joined with what the model has not learnt, and explained.

The model's calibrated log-odds stand for the prior and for every finding it was trained with. A detector it has not learnt
adds its own weight to them, as in the untrained fusion.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import exp
from typing import Protocol

from contracts.events import Transaction
from contracts.findings import Finding, Tallies
from contracts.profile import Profile
from services.memory.glance import Glance
from services.risk.features import FEATURES, Vector, features
from services.risk.learned_pattern import FINDINGS_ASPECT, pattern
from services.risk.model_file import ModelFile
from services.risk.trees import Calibrator, compiled, pushes

_ASPECTS = tuple(aspect for _, aspect in FEATURES)
_MOST_WEIGHT = 8.0


class Evidence(Protocol):
    """What a model has to say of one event."""

    def log_odds(self, findings: Sequence[Finding]) -> float:
        """Log-odds of fraud, the findings that the model has learnt included."""
        ...

    def has_learnt(self, detector: str) -> bool:
        """Whether findings of the detector are in `log_odds` already."""
        ...

    def finding(self, log_odds: float, weight: float, findings: Sequence[Finding]) -> Finding:
        """The finding for `weight` nats that the model adds, of an event whose log-odds are these."""
        ...


class Reader(Protocol):
    """Gives evidence of transactions, or None for nothing to say; `version` is stamped into decisions."""

    version: str | None

    def of(
        self, event: Transaction, profile: Profile, glance: Glance, tallies: Tallies
    ) -> Evidence | None: ...


class Model:
    """A checked model, compiled."""

    def __init__(self, file: ModelFile) -> None:
        self.file = file
        self.version: str | None = file.version
        self.score = compiled(file)
        self.calibrated = Calibrator(file.calibration).log_odds
        self.places = {name: index for index, name in enumerate(file.detectors)}
        self.no_weights = (0.0,) * len(file.detectors)
        self._categories = dict[str | None, float](file.categories.items())

    def of(self, event: Transaction, profile: Profile, glance: Glance, tallies: Tallies) -> ModelEvidence:
        """The evidence of a transaction."""
        return ModelEvidence(self, features(event, profile, glance, tallies, self._categories))

    def weights(self, findings: Sequence[Finding]) -> Sequence[float]:
        """The weight of each learnt detector's finding; 0 where there is none."""
        if not findings:
            return self.no_weights
        weights = list(self.no_weights)
        for finding in findings:
            place = self.places.get(finding.detector)
            if place is not None:
                weights[place] = max(weights[place], min(finding.weight, _MOST_WEIGHT))
        return weights


class ModelEvidence:
    """A model's evidence of one transaction."""

    __slots__ = ("_model", "vector")

    def __init__(self, model: Model, vector: Vector) -> None:
        self._model = model
        self.vector = vector

    def log_odds(self, findings: Sequence[Finding]) -> float:
        """See Evidence."""
        model = self._model
        return model.calibrated(model.score(self.vector, model.weights(findings)))

    def has_learnt(self, detector: str) -> bool:
        """See Evidence."""
        return detector in self._model.places

    def finding(self, log_odds: float, weight: float, findings: Sequence[Finding]) -> Finding:
        """See Evidence."""
        model = self._model
        pushed: dict[str, float] = {}
        aspects = (*_ASPECTS, *(FINDINGS_ASPECT for _ in model.places))
        for aspect, nats in zip(
            aspects, pushes(model.file, self.vector, model.weights(findings)), strict=True
        ):
            pushed[aspect] = pushed.get(aspect, 0.0) + nats
        return pattern(1.0 / (1.0 + exp(-log_odds)), weight, pushed)
