"""What a model is trained on: the vectors of a replay beside the truth, collected by the runner's own code.

Each event is judged on its own, as if nothing had been stopped before it: no freeze stands.
"""

from __future__ import annotations

import hashlib
from array import array
from collections.abc import Callable, Sequence
from itertools import takewhile
from pathlib import Path

from msgspec import Struct, json

from contracts.decisions import Decision
from contracts.events import Transaction
from contracts.findings import Tallies
from contracts.profile import Profile
from services.lab.evaluate.measures import DAY_MS
from services.lab.people.events import told_of
from services.memory.glance import Glance
from services.platform.settings import Settings
from services.replay.lines import OnBad, read_events, read_lines
from services.replay.replay import Line, paired, replay
from services.risk.features import NAMES, Vector, features
from services.risk.model_loading import learnable_detectors

_MOST_WEIGHT = 8.0
_CATEGORY_AT = NAMES.index("category_log_odds")


class _Paid(Struct, frozen=True):
    category: str | None = None


class FeatureTap:
    """Stands where a model would: keeps the vector of each transaction of the window, and has nothing to say."""

    version: str | None = None

    def __init__(self, from_s: float, to_s: float) -> None:
        self.vectors: dict[str, Vector] = {}
        self._from_s, self._to_s = from_s, to_s

    def of(self, event: Transaction, profile: Profile, glance: Glance, tallies: Tallies) -> None:
        """Keep the vector. A changed event of the same id, which a counterfactual asks about, comes second."""
        if self._from_s <= event.at < self._to_s and event.event_id not in self.vectors:
            self.vectors[event.event_id] = features(event, profile, glance, tallies, {})


class Rows:
    """The training window: one row a labelled transaction, of the features and the weights of `detectors`' findings."""

    def __init__(self, tap: FeatureTap) -> None:
        self.detectors = learnable_detectors()
        self.width = len(NAMES) + len(self.detectors)
        self.numbers = array("f")
        self.frauds = array("b")
        self.days = array("i")
        #: index into `category_names` by row
        self.categories = array("h")
        self.category_names: dict[str | None, int] = {}
        self._places = {name: len(NAMES) + index for index, name in enumerate(self.detectors)}
        self._tap = tap
        self._digest = hashlib.sha256()
        self._decoder = json.Decoder(_Paid)

    def __len__(self) -> int:
        return len(self.frauds)

    @property
    def data_digest(self) -> str:
        """SHA-256 over all rows and their truth."""
        return self._digest.hexdigest()

    def keep(self, lines: Sequence[Line], decisions: Sequence[Decision], encoded: Sequence[bytes]) -> None:
        """One batch with its decisions; a repeated event has none."""
        for line, decision in paired(lines, decisions):
            vector, fraud = self._tap.vectors.pop(line.event_id, None), told_of(line.value).fraud
            if vector is not None and fraud is not None:
                category = self._decoder.decode(line.value).category
                self._add(vector, decision, category, fraud, line.timestamp // DAY_MS)

    def _add(self, vector: Vector, decision: Decision, category: str | None, fraud: bool, day: int) -> None:
        row = array("f", vector)
        row.extend([0.0] * len(self.detectors))
        for finding in decision.findings:
            place = self._places.get(finding.detector)
            if place is not None and finding.mode == "on":
                row[place] = max(row[place], min(finding.weight, _MOST_WEIGHT))
        self.numbers.extend(row)
        self.frauds.append(fraud)
        self.days.append(day)
        self.categories.append(self.category_names.setdefault(category, len(self.category_names)))
        self._digest.update(row.tobytes() + bytes([fraud]))


async def collect_rows(
    settings: Settings,
    file: Path,
    first_day: int,
    last_day: int,
    on_bad: OnBad,
    step: Callable[[int], None],
) -> Rows:
    """Replay the file up to the end of the last day and keep the window's labelled transactions. Days count from 1970-01-01."""
    from services.bootstrap.pipelines import offline_core

    end_s = (last_day + 1) * DAY_MS / 1000.0
    tap = FeatureTap(first_day * DAY_MS / 1000.0, end_s)
    rows = Rows(tap)
    events = takewhile(lambda line: line.event.at < end_s, read_events(read_lines(file, step), on_bad))
    await replay(events, offline_core(settings, model=tap, freezes_stand=False), rows.keep)
    return rows
