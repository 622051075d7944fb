"""What a letter says of settings by which its reader is told less than before. Pure."""

from __future__ import annotations

from notifier.facts import Fact, Reader
from services.cases.news import Quiet, Reduced


def less(reduced: Reduced, reader: Reader) -> list[Fact]:
    """A row each for ways that are off, hours that are quiet, and the phrase."""
    words, rows = reader.words, list[Fact]()
    if reduced.off:
        ways = words.say("less.between").join(words.say(f"less.{name}") for name in reduced.off)
        rows.append(Fact(words.say("label.off"), ways[0].upper() + ways[1:], (words.say("less.security"),)))
    if reduced.quiet is not None:
        before = words.say("less.before", hours=_hours(reduced.quiet_before, reader))
        rows.append(Fact(words.say("label.quiet"), _hours(reduced.quiet, reader), (before,)))
    if reduced.phrase is not None:
        rows.append(Fact(words.say("label.phrase"), words.say(f"less.phrase_{reduced.phrase}")))
    return rows


def _hours(quiet: Quiet | None, reader: Reader) -> str:
    if quiet is None:
        return reader.words.say("less.none")
    return reader.words.say("less.hours", start=_clock(quiet.start), end=_clock(quiet.end))


def _clock(minutes: int) -> str:
    return f"{minutes // 60:02d}:{minutes % 60:02d}"
