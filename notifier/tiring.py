"""What owners are told and answer, as metrics: whether letters tire them, and which detector cries wolf."""

from __future__ import annotations

from notifier.answering import ANSWERED
from services.cases.fatigue import NONE, Fatigue
from services.platform.metrics import DETECTOR_ANSWERS, LETTERS_ANSWERED, OWNERS_TOLD

_ANSWERS = ("was_me", "not_me")


def show(found: Fatigue) -> None:
    """Show the measure; what it does not name any more is 0. Of letters that ask nothing there are no answers to show."""
    OWNERS_TOLD.labels("messages").set(found.messages)
    OWNERS_TOLD.labels("accounts").set(found.accounts)
    for template in sorted(ANSWERED):
        for answer in (*_ANSWERS, NONE):
            LETTERS_ANSWERED.labels(template, answer).set(found.letters.get((template, answer), 0))
    DETECTOR_ANSWERS.clear()
    for detector in sorted({name for name, _ in found.detectors}):
        for answer in _ANSWERS:
            DETECTOR_ANSWERS.labels(detector, answer).set(found.detectors.get((detector, answer), 0))
