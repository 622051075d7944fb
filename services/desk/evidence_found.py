"""What a piece of evidence is, and how events are called in it. Pure."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from services.activity.rows import Row
from services.desk.kind_reading import Around
from services.desk.story_parts import Telling, one_line


class Found(NamedTuple):
    """What is known, as a sentence; from which source, and when it happened (epoch seconds; None: it is no event)."""

    said: str
    source: str
    at: float | None = None


Query = Callable[[Around, Telling, float], Found | None]


def event_words(row: Row, tell: Telling) -> str:
    """What happened, in a few words: money and payee, or the kind of event."""
    if row.type == "transaction":
        money = tell.money(row.amount, row.currency)
        return (
            money
            if row.payee_id is None
            else tell.t("evidence.to", money=money, payee=one_line(row.payee_id))
        )
    words = tell.reader.words
    if row.type == "account_change":
        return words.find("change", row.kind or "") or words.say("event.account_change")
    return words.find("event", row.type) or words.say("event.other")
