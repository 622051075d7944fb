"""The console of every table and line of ours: what others wrote is printed as text.

Account ids, policy values and scenario names are nobody's markup: `[/]` is two brackets and a slash, `:smile:` a word, and what a
terminal would act on is written out.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from rich.console import Console
from rich.table import Column, Table
from rich.text import Text

from services.platform.printable import escaped


def plain(text: str, style: str = "") -> Text:
    """The text as a terminal may show it, in one style."""
    return Text("\n".join(map(escaped, text.split("\n"))), style)


def right(*heads: str) -> list[Column]:
    """Heads of columns of figures."""
    return [Column(head, justify="right") for head in heads]


def titled(
    title: str | None, heads: Iterable[Column | str], rows: Iterable[Sequence[str | Text]], **style: Any
) -> Table:
    """A table under its title, in the style of all of ours."""
    table = Table(*heads, title=title, title_justify="left", title_style="bold", header_style="dim", **style)
    for row in rows:
        table.add_row(*row)
    return table


class PlainConsole(Console):
    """A console that takes texts, its own lines and the cells of tables alike, for what they are. Styles come as `Text`."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**{"highlight": False, **options, "markup": False, "emoji": False})

    def render_str(self, text: str, **options: Any) -> Text:
        """Without markup and emoji codes, and with control characters written out."""
        lines = "\n".join(map(escaped, text.split("\n")))
        return super().render_str(lines, **{**options, "markup": False, "emoji": False})
