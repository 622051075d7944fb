"""What the letters of a notice are called: their subject, and the tone that goes with it. Pure."""

from __future__ import annotations

from msgspec import Struct

from contracts.errors import Malformed
from notifier.body import body
from notifier.facts import Reader
from notifier.summary import summary
from notifier.told import Notice
from services.cases.classes import DIGEST


class Subject(Struct, frozen=True):
    """The subject of a letter as it was sent, and its tone: stop, wait, good or calm."""

    text: str
    tone: str


def subject_of(notice: Notice, reader: Reader, service: str) -> Subject | None:
    """The subject that its letters bear to a reader; None for a notice about nothing that is known any more."""
    try:
        if notice.template == DIGEST:
            found = summary(notice.told, reader)
        elif len(notice.told) == 1:
            found = body(notice.told[0], reader)
        else:
            return None
    except Malformed:
        return None
    gaps = {**found.gaps, "service": service}
    return Subject(found.said["subject"].format_map(gaps), found.said["tone"])
