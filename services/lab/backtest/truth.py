"""What a file of events says of its own events, wherever in it that stands: labels, reports, answered challenges."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from msgspec import DecodeError, Struct, json

from contracts.errors import Malformed
from contracts.events import AnyEvent, ChallengeOutcome, Label, UserReport
from services.events.decode import decode_event

Truth = Literal["fraud", "honest", "unknown"]
_ABOUT = (b'"about_event_id"', b'"challenged_event_id"')


class _Label(Struct, frozen=True):
    fraud: bool | None = None
    scenario: str | int | None = None


class _Labelled(Struct, frozen=True):
    label: _Label | None = None


class Marked(Struct, frozen=True):
    """What is known of one event; `scenario` is empty when nothing names it."""

    truth: Truth = "unknown"
    scenario: str = ""


_LABELLED = json.Decoder(_Labelled)
_NOTHING = Marked()


class Known:
    """Memory grows with the events that others speak of, not with all events."""

    def __init__(self) -> None:
        self.lines = 0
        self._fraud: dict[int, bool] = {}
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
            self._fraud[hash(event.about_event_id)] = event.verdict == "fraud"
        elif isinstance(event, UserReport):
            self._fraud.setdefault(hash(event.about_event_id), event.verdict == "not_me")
        elif isinstance(event, ChallengeOutcome):
            self._answered.add(hash(event.challenged_event_id))

    def answered(self, event_id: str) -> bool:
        """Whether the file holds the outcome of a challenge about the event."""
        return hash(event_id) in self._answered

    def of(self, event_id: str, line: bytes) -> Marked:
        """The line's own `label`, else what a label or a report in the stream says of the event."""
        fraud, scenario = None, ""
        if b'"label"' in line:
            try:
                label = _LABELLED.decode(line).label
            except DecodeError:
                label = None
            if label is not None:
                fraud, scenario = label.fraud, "" if label.scenario is None else str(label.scenario)
        if fraud is None:
            fraud = self._fraud.get(hash(event_id))
        if fraud is None:
            return _NOTHING
        return Marked("fraud" if fraud else "honest", scenario)
