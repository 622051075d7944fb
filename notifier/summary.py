"""What a digest says: several notices in one letter, a row a kind, each with when it was and of what. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from notifier import facts
from notifier.body import Body, body
from notifier.facts import Fact, Reader
from notifier.told import Told
from services.cases.classes import DIGEST

#: A row names so many times of its kind; of more, the first ones, the last, and how many lie between.
_MOST_TIMES = 10


def summary(told: Sequence[Told], reader: Reader) -> Body:
    """The digest of these notices, oldest first. Raises Malformed as `body` does."""
    words = reader.words
    said = words.letter(DIGEST, None)
    assert said is not None
    kinds: dict[str, list[str]] = {}
    for each in told:
        kinds.setdefault(body(each, reader).said["chip"], []).append(_line(each, reader))
    rows = [
        Fact(
            chip,
            words.say("note.once" if len(times) == 1 else "note.times", count=len(times)),
            _some(times, reader),
        )
        for chip, times in kinds.items()
    ]
    return Body(said=said, gaps={"count": str(len(told))}, facts=rows)


def _line(told: Told, reader: Reader) -> str:
    decision, news, words = told.decision, told.news, reader.words
    when = reader.moment(news.at if news is not None else told.moments[0])
    if decision is None:
        return when
    if decision.type == "transaction":
        return f"{when}{words.frame['comma']}{facts.payment(decision, words).called(words)}"
    return f"{when}{words.frame['comma']}{facts.of(decision, words).removeprefix(words.frame['colon'])}".removesuffix(
        words.frame["comma"]
    )


def _some(times: list[str], reader: Reader) -> tuple[str, ...]:
    if len(times) <= _MOST_TIMES:
        return tuple(times)
    left = len(times) - _MOST_TIMES
    return (*times[: _MOST_TIMES - 1], reader.words.say("note.more_times", count=left), times[-1])
