"""What the laboratory's commands tell while they work: a bar, lines that are no events, and where results go."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Annotated

import typer

from contracts.errors import Malformed
from services.cli.options import EXIT_USAGE, say

_SHOWN_BAD_LINES = 20
Out = Annotated[
    Path | None, typer.Option("--out", metavar="FILE", help="Write here instead of standard output.")
]


class BadLines:
    """Reports lines that are no events: the first 20 one by one, then how many there were."""

    def __init__(self) -> None:
        self.count = 0

    def note(self, number: int, error: Malformed) -> None:
        """One bad line."""
        self.count += 1
        if self.count <= _SHOWN_BAD_LINES:
            say(f"line {number}: {error.reason}: {error.detail}")

    def end(self) -> None:
        """Exit with 2 when there was any."""
        if self.count > _SHOWN_BAD_LINES:
            say(f"... and {self.count - _SHOWN_BAD_LINES:,} more")
        if self.count:
            raise typer.Exit(EXIT_USAGE)


def size_of(path: Path) -> int | None:
    """Bytes that reading the file gives; None where that is not known before, for standard input and `.gz`."""
    return None if str(path) == "-" or path.suffix == ".gz" else path.stat().st_size


@contextmanager
def output_to(path: Path | None) -> Iterator[IO[bytes]]:
    """The file to write, or standard output for None."""
    if path is None:
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
    else:
        with path.open("wb") as file:
            yield file


@contextmanager
def progress(what: str, total: int | None) -> Iterator[Callable[[int], None]]:
    """A bar on standard error where that is a terminal; `step(n)` moves it."""
    if not sys.stderr.isatty():
        yield lambda count: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.completed:,}"))
    with Progress(
        *columns, TimeElapsedColumn(), TimeRemainingColumn(), console=Console(stderr=True), transient=True
    ) as bar:
        task = bar.add_task(what, total=total)
        waiting = 0

        def step(count: int) -> None:
            nonlocal waiting
            waiting += count
            if waiting >= 512:
                bar.advance(task, waiting)
                waiting = 0

        yield step
        bar.advance(task, waiting)
