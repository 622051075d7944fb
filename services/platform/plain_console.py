"""The console of every table and line of ours: what others wrote is printed as text.

Account ids, policy values and scenario names are nobody's markup: `[/]` is two brackets and a slash, `:smile:` a word, and what a
terminal would act on is written out.
"""

from __future__ import annotations

from typing import Any

from rich.console import Console
from rich.text import Text

from services.platform.printable import escaped


def plain(text: str, style: str = "") -> Text:
    """The text as a terminal may show it, in one style."""
    return Text("\n".join(map(escaped, text.split("\n"))), style)


class PlainConsole(Console):
    """A console that takes texts, its own lines and the cells of tables alike, for what they are. Styles come as `Text`."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**{"highlight": False, **options, "markup": False, "emoji": False})

    def render_str(self, text: str, **options: Any) -> Text:
        """Without markup and emoji codes, and with control characters written out."""
        lines = "\n".join(map(escaped, text.split("\n")))
        return super().render_str(lines, **{**options, "markup": False, "emoji": False})
