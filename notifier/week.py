"""What the weekly summary says: sign-ins, money that moved, and what was stopped. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from notifier import spelled
from notifier.facts import Fact, Reader
from services.cases.news import Moved, Week

_DAY_S = 86_400.0


def form_of(week: Week) -> str:
    """Which of its letters it is."""
    return "stopped" if week.stopped else "quiet"


def week_gaps(week: Week, reader: Reader) -> dict[str, str]:
    """First and last day, and how much was stopped."""
    last = week.ended - _DAY_S / 2
    return {"first": reader.day(week.began), "last": reader.day(last), "count": str(week.stopped)}


def week_facts(week: Week, reader: Reader) -> list[Fact]:
    """A row each for sign-ins, money out, money in, and what was stopped."""
    words = reader.words
    devices = (words.say("note.new_devices", count=week.new_devices),) if week.new_devices else ()
    stopped = words.say("note.in_all", count=week.stopped) if week.stopped else words.say("note.nothing")
    return [
        Fact(words.say("label.sign_ins"), words.say("note.many", count=week.sign_ins), devices),
        _moved("paid", week.paid, reader),
        _moved("received", week.received, reader),
        Fact(words.say("label.stopped_count"), stopped),
    ]


def week_tip(week: Week, reader: Reader) -> list[str]:
    """The one thing worth doing; nothing where all is done."""
    tip, words = week.tip, reader.words
    if tip is None:
        return []
    name = "codes_one" if tip.kind == "codes" and tip.count == 1 else tip.kind
    return [
        words.say(
            f"worth.{name}",
            count=tip.count,
            address=tip.address or "",
            device=spelled.device(tip.device, words) if tip.device else "",
            day=reader.day(tip.at) if tip.at is not None else "",
        )
    ]


def _moved(label: str, moved: Sequence[Moved], reader: Reader) -> Fact:
    words = reader.words
    sums = [spelled.money(each.amount, each.currency, words.locale) for each in moved]
    count = sum(each.count for each in moved)
    notes = (words.say("note.in_all", count=count),) if count else ()
    return Fact(
        words.say(f"label.{label}"), words.frame["comma"].join(sums) or words.say("note.nothing"), notes
    )
