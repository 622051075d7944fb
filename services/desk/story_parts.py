"""What a story is made of, and what all who tell a part of it need: the words, the clock, and who reads it. Pure."""

from __future__ import annotations

from typing import Literal, Protocol

from msgspec import Struct

from notifier import spelled
from notifier.facts import Reader
from services.portal.figures import visible

#: The sign of a line: what sort of thing happened.
Sign = Literal["login", "money", "change", "code", "mail", "answer", "stop", "case"]
#: People of the desk and keys as they are kept.
_STAFF, _KEY = "staff:", "key:"


#: The longest name that somebody chose, in characters.
_MOST_NAME = 60


def one_line(said: str) -> str:
    """A name that somebody chose, on one line and cut: what shows nothing, or turns text around, is written as its number."""
    line = visible(" ".join(said.split()))
    return line if len(line) <= _MOST_NAME else f"{line[: _MOST_NAME - 1]}…"


class Said(Protocol):
    """The sentences of one language: `said("story.paid", ...)`."""

    def __call__(self, key: str, **values: object) -> str:
        """The sentence, filled."""
        ...

    def __contains__(self, key: str) -> bool:
        """Whether there is such a sentence."""
        ...


class Line(Struct, frozen=True, kw_only=True):
    """Something that happened, in a line: when (epoch seconds), what, and how it ended.

    `of_case`: it is an event of the case; `opened`: because of it the case is there; `severe`: it is what the case turns on;
    `unconfirmed`: the wallet has not said that it is done. `count` things of a kind may stand in one line.
    """

    at: float
    sign: Sign
    words: str
    outcome: str = ""
    event_id: str | None = None
    of_case: bool = False
    opened: bool = False
    severe: bool = False
    unconfirmed: bool = False
    placeless: str | None = None
    count: int = 1


class Day(Struct, frozen=True):
    """The day that the following lines are of."""

    at: float
    words: str


class Gap(Struct, frozen=True):
    """What is missing before the next line: silence, or places that nobody knows. `at` is that line's time."""

    at: float
    words: str


Item = Line | Day | Gap


class Telling(Struct, frozen=True, kw_only=True):
    """Who is told: the words of their language, their clock, and the account's own zone; `actor` is the reader."""

    t: Said
    reader: Reader
    owner_zone: str = "UTC"
    actor: str = ""

    @property
    def locale(self) -> str:
        """The reader's language."""
        return self.reader.words.locale

    def join(self, *parts: str | None) -> str:
        """Those that there are, with commas between them."""
        return self.reader.words.frame["comma"].join(part for part in parts if part)

    def who(self, actor: str | None) -> str:
        """Who did it: "you", a colleague's name, or the name of a key."""
        if actor is None:
            return "PayGuard"
        if actor == self.actor:
            return self.t("story.you")
        if actor.startswith(_STAFF):
            return one_line(actor.removeprefix(_STAFF))
        if actor.startswith(_KEY):
            return self.t("story.key", name=one_line(actor.removeprefix(_KEY)))
        named = f"story.by_{actor}"
        return self.t(named) if named in self.t else one_line(actor)

    def money(self, amount: str | None, currency: str | None) -> str:
        """The amount as the reader writes it; "a payment" for one that nobody named."""
        if amount is None or currency is None:
            return self.t("story.some_money")
        return spelled.money(amount, currency, self.locale)

    def device(self, device: str | None) -> str | None:
        """The device as people call it, without its browser."""
        return None if not device else spelled.device(device.partition(", ")[0], self.reader.words)

    def whole_device(self, device: str | None) -> str | None:
        """The same with its browser."""
        return None if not device else spelled.device(device, self.reader.words)

    def city(self, city: str | None, country: str | None) -> str | None:
        """The place in a word: the city, else the country."""
        words = self.reader.words
        if city:
            return words.cities.get(city) or one_line(city)
        return words.countries.get(country, country) if country else None

    def network(self, kind: str | None) -> str | None:
        """What a kind of network is called."""
        named = f"network.{kind}"
        return self.t(named) if named in self.t else kind

    def clock(self, at: float, seconds: bool = False) -> str:
        """The time of day on the reader's clock."""
        return spelled.clock(at, self.reader.time_zone, seconds=seconds)

    def day(self, at: float) -> str:
        """The day on the reader's calendar."""
        return self.reader.day(at)

    def date(self, at: float) -> str:
        """The day without its name: "11 Dec 2025"."""
        day = self.day(at)
        return day.partition("（")[0] if self.locale == "zh-CN" else day.partition(" ")[2]

    def hover(self, at: float) -> str:
        """The moment to the second, on the reader's clock and on that of the account's owner."""
        own = f"{self.day(at)} {self.clock(at, seconds=True)} {self.reader.zone(at)}"
        if self.owner_zone == self.reader.time_zone:
            return own
        words = self.reader.words
        theirs = spelled.clock(at, self.owner_zone, seconds=True)
        zone = spelled.zone(at, words, self.owner_zone)
        return self.t("story.both_clocks", own=own, theirs=f"{theirs} {zone}")

    def span(self, seconds: float) -> str:
        """A time span in its two largest units, in short: "1 d 6 h", "29 min", "0.8 s"."""
        if seconds < 10.0:
            return self.t("span.s", n=f"{seconds:.1f}".rstrip("0").rstrip("."))
        parts: list[str] = []
        left = round(seconds)
        for unit, size in (("d", 86_400), ("h", 3_600), ("min", 60), ("s", 1)):
            count, below = divmod(left, size)
            if count and len(parts) < 2 and not (unit == "s" and parts):
                parts.append(self.t(f"span.{unit}", n=count))
                left = below
            elif parts:
                break
        return " ".join(parts)
