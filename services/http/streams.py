"""Answers that do not end by themselves: how many there are, of whom, and that all end with the process."""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import dataclass, field

from starlette.types import Scope

#: Streams of one process, and of one person.
MOST, MOST_OF_ONE = 400, 8
_MARK = "streams"


@dataclass
class Streams:
    """Streams of this process; once `ending` is set each ends."""

    ending: asyncio.Event = field(default_factory=asyncio.Event)
    of: Counter[str] = field(default_factory=Counter)

    def room(self, name: str) -> bool:
        """Whether one more may be opened."""
        return not self.ending.is_set() and self.of.total() < MOST and self.of[name] < MOST_OF_ONE


def mark(scope: Scope) -> None:
    """Say that the answer to this request is a stream: its time is that to its first byte."""
    scope[_MARK] = True


def is_stream(scope: Scope) -> bool:
    """Whether the answer to this request is a stream."""
    return _MARK in scope
