"""How owners meet the pages: language, screen, scheme and hand, and which stories are walked in which way.

There are 24 ways. Each story is walked in two that have nothing in common: the other language, screen, scheme and hand.
Story by story the first way moves on by one, so that each way is taken by several stories, and every pair of values occurs.
docs/pages.md prints the table.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from typing import Literal, NamedTuple, get_args

Language = Literal["en", "zh-CN"]
Screen = Literal["phone", "desktop"]
Scheme = Literal["light", "dark"]
Hand = Literal["mouse", "keyboard", "no scripts"]

#: Width and height in CSS pixels.
SIZES: dict[Screen, tuple[int, int]] = {"phone": (390, 844), "desktop": (1440, 900)}


class Way(NamedTuple):
    """What a story is walked with."""

    language: Language
    screen: Screen
    scheme: Scheme
    hand: Hand

    @property
    def name(self) -> str:
        """The way in a few words."""
        return f"{self.language}, {SIZES[self.screen][0]} px, {self.scheme}, {self.hand}"


WAYS = tuple(
    Way(*each) for each in product(get_args(Language), get_args(Screen), get_args(Scheme), get_args(Hand))
)


def ways_of(number: int) -> tuple[Way, Way]:
    """The two ways of the story of that number, counted from 0."""
    # 7 and 24 have no divisor in common: neighbours differ in more than their hand, and each way is taken in turn.
    first = WAYS[number * 7 % len(WAYS)]
    return first, _opposite(first)


def table(stories: Sequence[str]) -> str:
    """The stories and their ways, as docs/pages.md prints them."""
    head = "| story | walked once | and once |\n|---|---|---|\n"
    rows = [
        f"| {name} | {first.name} | {second.name} |"
        for name, (first, second) in ((name, ways_of(at)) for at, name in enumerate(stories))
    ]
    return head + "\n".join(rows) + "\n"


def _opposite(way: Way) -> Way:
    hands = get_args(Hand)
    return Way(
        "en" if way.language == "zh-CN" else "zh-CN",
        "phone" if way.screen == "desktop" else "desktop",
        "light" if way.scheme == "dark" else "dark",
        hands[(hands.index(way.hand) + 1) % len(hands)],
    )
