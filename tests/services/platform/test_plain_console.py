"""What others wrote is printed as text: no markup, no emoji codes, nothing that a terminal acts on."""

from __future__ import annotations

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.table import Table

from services.lab.summarise.summary import Summary
from services.platform.plain_console import PlainConsole, plain
from tests.services.cases.decided import decision

HOSTILE = (
    "[/]",
    "[bold red]x[/bold red]",
    "[link=https://example.org]x[/link]",
    "\x1b[31mred",
    ":smile:",
    "[",
    "\\[/]",
    "\u202eabc",
)


def printed(*shown: object) -> str:
    file = io.StringIO()
    PlainConsole(file=file, width=200, force_terminal=True, color_system=None).print(*shown)
    return file.getvalue()


@pytest.mark.parametrize("text", HOSTILE)
def test_a_line_and_a_cell_show_the_text_itself(text: str) -> None:
    table = Table("head", title=text)
    table.add_row(text)
    as_told = text.replace("\x1b", "\\x1b").replace("\u202e", "\\u202e")
    assert as_told in printed(text)
    assert as_told in printed(plain(text, "bold"))
    assert printed(table).count(as_told) == 2


@given(st.text(max_size=60))
def test_no_text_breaks_a_table_or_reaches_the_terminal(text: str) -> None:
    table = Table("head")
    table.add_row(text)
    shown = printed(table) + printed(text)
    assert all(letter.isprintable() or letter == "\n" for letter in shown)


@pytest.mark.parametrize("account", HOSTILE)
def test_a_summary_prints_whatever_accounts_are_called(account: str) -> None:
    summary = Summary()
    for number in range(2):
        summary.add(b"{}", decision(f"e{number}", account, action="deny", states=("[/]",)))
    file = io.StringIO()
    summary.show(PlainConsole(file=file, width=200))
    assert account.replace("\x1b", "\\x1b").replace("\u202e", "\\u202e") in file.getvalue()
