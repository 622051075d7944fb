"""What a run over a batch counted."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from contracts.decisions import Contribution
from contracts.findings import Finding, Mode


class Counts:
    """What a run counted, for the metrics."""

    def __init__(self) -> None:
        self.duplicates = self.redelivered = self.late = self.crowds = 0
        #: indexes in the batch of events whose known id had another content
        self.reused: list[int] = []
        self.findings: dict[tuple[str, str], int] = {}
        self.failed: dict[str, int] = {}

    def count(self, findings: Iterable[Finding | Contribution], modes: Mapping[str, Mode]) -> None:
        """Count findings by detector and mode."""
        for finding in findings:
            counted = (finding.detector, modes.get(finding.detector, "on"))
            self.findings[counted] = self.findings.get(counted, 0) + 1
