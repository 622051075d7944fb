"""How far attempts got, by where they came from: counted as they are decided, for the metrics. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from contracts.circumstances import Circumstance
from contracts.decisions import Decision, HoldPayment, IssueChallenge, RaiseAlert
from contracts.events import Activity, Transaction
from detectors.measures.steps import money_leaves

_NEW_COUNTRY = int(Circumstance.NEW_COUNTRY)
_STAGE_OF: dict[type, str] = {RaiseAlert: "alerted", IssueChallenge: "challenged"}


#: Classes of countries, by their place in a row of counts.
_CLASSES = ("usual", "new", "unknown")


class Attempts:
    """`reasons` counts by code; `money` holds (end, currency, amount in major units). Stages, classes and ends are those of
    `services.platform.metrics`."""

    __slots__ = ("_scored", "_stopped", "money", "reasons")

    def __init__(self) -> None:
        #: by kind of network, a row of counts by class of country: a row costs each event less than a key of three names
        self._scored: dict[str, list[int]] = {}
        self._stopped: dict[tuple[str, str, str], int] = {}
        self.reasons: dict[str, int] = {}
        self.money: list[tuple[str, str, float]] = []

    def stages(self) -> Iterator[tuple[tuple[str, str, str], int]]:
        """How many reached each stage, by (stage, kind of network, class of country)."""
        for kind, row in self._scored.items():
            yield from (
                (("scored", kind, name), count) for name, count in zip(_CLASSES, row, strict=True) if count
            )
        yield from self._stopped.items()

    def note(self, event: Activity, circumstances: int, decision: Decision) -> None:
        """Count one decided event; `circumstances` as its glance saw it."""
        network, place = event.network, event.place
        kind = "unknown" if network is None else network.kind
        country = 2 if place is None or place.country is None else 1 if circumstances & _NEW_COUNTRY else 0
        row = self._scored.get(kind)
        if row is None:
            row = self._scored[kind] = [0] * len(_CLASSES)
        row[country] += 1
        if decision.action != "allow":
            self._note_stopped(event, kind, _CLASSES[country], decision)

    def _note_stopped(self, event: Activity, kind: str, country: str, decision: Decision) -> None:
        reached = {
            _STAGE_OF[effect.__class__] for effect in decision.effects if effect.__class__ in _STAGE_OF
        }
        if decision.action == "deny":
            reached.add("refused")
        for stage in reached:
            self._stopped[stage, kind, country] = self._stopped.get((stage, kind, country), 0) + 1
        weighed = [finding for finding in decision.findings if finding.mode == "on"]
        if weighed:
            # Of a frozen account the freeze comes first, whatever else was found.
            reason = weighed[0].reason
            self.reasons[reason] = self.reasons.get(reason, 0) + 1
        if isinstance(event, Transaction) and money_leaves(event) and event.status == "requested":
            first = any(
                effect.__class__ is HoldPayment and effect.joins is None for effect in decision.effects
            )
            end = "refused" if decision.action == "deny" else "held" if first else None
            if end is not None:
                self.money.append((end, event.currency, event.value))
