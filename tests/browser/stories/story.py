"""What a story is."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from tests.browser.owner import Owner


class Story(NamedTuple):
    """What somebody does on the pages, from the first to the end that they wanted, and what came of it.

    `refusals` are the statuses of pages that are meant to be refused on the way: the browser complains of them by itself.
    """

    name: str
    walk: Callable[[Owner], None]
    refusals: tuple[int, ...] = ()
