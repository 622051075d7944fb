"""What a file of events says of its own events, wherever in it that stands: labels, reports, answered challenges."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from msgspec import Struct

from contracts.errors import Malformed
from contracts.events import AnyEvent, ChallengeOutcome, Label, UserReport
from services.events.decode import decode_event
from services.lab.people.events import told_of

Truth = Literal["fraud", "honest", "unknown"]
_ABOUT = (b'"about_event_id"', b'"challenged_event_id"')


class Marked(Struct, frozen=True):
    """What is known of one event; `scenario` is empty when nothing names it."""

    truth: Truth = "unknown"
    scenario: str = ""


_NOTHING = Marked()


class Known:
    """Memory grows with the events that others speak of, not with all events."""

    def __init__(self) -> None:
        self.lines = 0
        self._labelled: dict[int, bool] = {}
        self._reported: dict[int, bool] = {}
        self._answered: set[int] = set()

    def gather(self, lines: Iterator[tuple[int, bytes]]) -> None:
        """Read the whole file once; lines that are no events are left to the replay to report."""
        for _number, line in lines:
            self.lines += 1
            if any(name in line for name in _ABOUT):
                try:
                    self._note(decode_event(line))
                except Malformed:
                    continue

    def _note(self, event: AnyEvent) -> None:
        if isinstance(event, Label):
            self._labelled[hash(event.about_event_id)] = event.verdict == "fraud"
        elif isinstance(event, UserReport):
            about, fraud = hash(event.about_event_id), event.verdict == "not_me"
            if event.undoes is not None:
                self._reported[about] = fraud
            elif event.proof != "link" or fraud:  # a yes that whoever reads the mail can press says nothing
                self._reported.setdefault(about, fraud)
        elif isinstance(event, ChallengeOutcome):
            self._answered.add(hash(event.challenged_event_id))

    def answered(self, event_id: str) -> bool:
        """Whether the file holds the outcome of a challenge about the event."""
        return hash(event_id) in self._answered

    def of(self, event_id: str, line: bytes) -> Marked:
        """The line's own `label`, else what a label or a report in the stream says of the event."""
        told = told_of(line)
        fraud = told.fraud
        if fraud is None:
            about = hash(event_id)
            fraud = self._labelled.get(about, self._reported.get(about))
        if fraud is None:
            return _NOTHING
        scenario = "" if told.scenario is None else str(told.scenario)
        return Marked("fraud" if fraud else "honest", scenario)
